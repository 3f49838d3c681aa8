"""The classifier sees no customer that it judges, and takes what it has never seen."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from marts_for_models import context, settings_in, write, write_marts

from lakehouse.errors import ModelError, TableError
from ml.high_value.data import (
    BASKET,
    DEMOGRAPHICS,
    ENCODED,
    FOLDS,
    folds_of,
    learn_scores,
    load_data,
)
from ml.high_value.model import (
    FoldRows,
    HighValueModel,
    linear_model,
    make_folds,
    make_pipeline_of,
)
from ml.high_value.task import HighValueTask, sound_the_alarm


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    made = settings_in(tmp_path_factory.mktemp("marts"))
    write_marts(made)
    return made


@pytest.fixture(scope="module")
def data(settings):
    return load_data(context(settings).inputs, seed=7)


@pytest.fixture(scope="module")
def model(data):
    folds = make_folds(data)
    columns = [*DEMOGRAPHICS, *BASKET, *ENCODED]
    return HighValueModel(
        [make_pipeline_of(linear_model(), columns).fit(f.train, f.labels) for f in folds],
        [fold.scores for fold in folds],
        threshold=0.2,
        seed=7,
    )


def test_a_fifth_of_the_customers_is_of_high_value(data):
    assert data.is_high.mean() == pytest.approx(0.2, abs=0.01)
    assert data.products == [f"product_{number}" for number in range(1, 6)]


def test_folds_follow_from_the_id_alone():
    users = np.arange(1, 5001)
    folds = folds_of(users, seed=7)
    assert np.array_equal(folds_of(users[::-1], seed=7), folds[::-1])
    assert not np.array_equal(folds_of(users, seed=8), folds)
    assert np.bincount(folds, minlength=FOLDS) / 5000 == pytest.approx([0.2] * 5, abs=0.03)


def test_products_are_scored_by_customers_not_by_purchases():
    # Customer 0 bought P1 alone, customer 1 bought P1 and three others: a whole and a quarter.
    users = np.array([0, 1, 1, 1, 1])
    products = np.array(["P1", "P1", "P2", "P3", "P4"])
    learnt = learn_scores(users, products, np.array([True, False]), np.array([True, True]))
    share = (1 + 2 * 0.5) / (1.25 + 2)
    assert learnt.scores["P1"] == pytest.approx(np.log(share / (1 - share)))
    assert learnt.unknown == 0


def test_no_label_of_the_fold_reaches_its_rows(data):
    turned = np.where(data.fold == 2, ~data.is_high, data.is_high)
    seen = FoldRows(data, 2)
    blind = FoldRows(data.__class__(**(data.__dict__ | {"is_high": turned})), 2)
    assert blind.test.equals(seen.test)
    assert blind.train.equals(seen.train)


def test_no_own_label_reaches_a_training_row(data):
    row = int(np.flatnonzero(data.fold != 2)[0])
    turned = data.is_high.copy()
    turned[data.fold == data.fold[row]] ^= True
    seen = FoldRows(data, 2).train.loc[row]
    assert (
        FoldRows(data.__class__(**(data.__dict__ | {"is_high": turned})), 2)
        .train.loc[row]
        .equals(seen)
    )


def test_the_model_finds_what_was_planted(data, model):
    answer = model.predict(None, data.customers)
    assert answer["probability"][data.is_high].mean() > 0.3
    assert answer["probability"][~data.is_high].mean() < 0.2
    assert (answer["is_predicted_high_value"] == (answer["probability"] >= 0.2)).all()


def test_unseen_values_missing_numbers_and_new_products_get_a_probability(data, model):
    strange = data.customers.head(3).copy()
    strange["occupation"] = "99"
    strange["product_1"] = "P-none"
    strange.loc[strange.index[0], "mean_purchase"] = np.nan
    assert model.predict(None, strange)["probability"].between(0, 1).all()


def test_a_constant_column_does_no_harm(data):
    flat = data.customers.assign(count_category_1=0.0, gender="F")
    fold = make_folds(data.__class__(**(data.__dict__ | {"customers": flat})))[0]
    columns = [*DEMOGRAPHICS, *BASKET, *ENCODED]
    fitted = make_pipeline_of(linear_model(), columns).fit(fold.train, fold.labels)
    assert np.isfinite(fitted.predict_proba(fold.test)).all()


def test_a_single_class_is_refused(tmp_path: Path):
    made = settings_in(tmp_path)
    write_marts(made, spend=np.full(400, 1000.0))
    with pytest.raises(ModelError, match="0 customers not of high value"):
        load_data(context(made).inputs, seed=7)


def test_a_fold_without_which_a_class_is_missing_is_refused(data):
    turned = data.fold == 3
    with pytest.raises(ModelError, match="Without fold 3"):
        make_folds(data.__class__(**(data.__dict__ | {"is_high": turned})))


def test_an_empty_mart_is_refused(tmp_path: Path):
    made = settings_in(tmp_path)
    write_marts(made)
    name = "features.customer_first_basket"
    write(made, name, pl.read_delta(made.table_path(*name.split("."))).clear())
    with pytest.raises(ModelError, match="no rows"):
        load_data(context(made).inputs, seed=7)


def test_a_mart_of_another_shape_is_refused(tmp_path: Path):
    made = settings_in(tmp_path)
    write_marts(made)
    name = "customer_features"
    frame = pl.read_delta(made.table_path("features", name)).drop("city_category")
    frame.write_delta(
        made.table_path("features", name),
        mode="overwrite",
        delta_write_options={"schema_mode": "overwrite"},
    )
    with pytest.raises(TableError, match="city_category"):
        load_data(context(made).inputs, seed=7)


def test_the_alarm_rings_when_basket_size_leaks(data, settings):
    leaky = data.customers.copy()
    spend = pl.read_delta(settings.table_path("features", "customer_features")).sort("user_id")
    leaky["mean_popularity"] = spend["sum_purchase"].to_numpy().astype(float)
    areas = []
    for fold in make_folds(data.__class__(**(data.__dict__ | {"customers": leaky}))):
        columns = [*DEMOGRAPHICS, *BASKET, *ENCODED]
        fitted = make_pipeline_of(linear_model(), columns).fit(fold.train, fold.labels)
        areas.append(_area(data.is_high[fold.is_test], fitted.predict_proba(fold.test)[:, 1]))
    with pytest.raises(ModelError, match="how much a customer buys in all"):
        sound_the_alarm(float(np.mean(areas)))


def _area(labels, scores):
    return (scores[labels][:, None] > scores[~labels][None, :]).mean()


def test_scores_have_the_columns_of_their_table(data, model, settings):
    class Loaded:
        def predict(self, frame):
            return model.predict(None, frame)

    rows = HighValueTask().score(Loaded(), data, context(settings))["high_value_customers"]
    assert rows.column_names == [
        "user_id",
        "probability",
        "threshold",
        "is_predicted_high_value",
        "is_actual_high_value",
    ]
    assert rows.num_rows == len(data.customers)
