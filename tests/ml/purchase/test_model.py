"""The purchase model as streaming and batch scoring call it, and the rows it learns from."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deltalake import write_deltalake
from purchase_sample import training_set

from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings
from ml.inputs import Inputs
from ml.purchase.basket import forecast_other_half, judge_baskets
from ml.purchase.champion import QUICK, encode_split, fit_champion
from ml.purchase.contributions import CONTRIBUTION_COLUMNS
from ml.purchase.data import read_purchases, split_purchases
from ml.purchase.model import SIGNATURE, PurchaseModel
from ml.purchase.task import to_events


@pytest.fixture(scope="module")
def split():
    return split_purchases(training_set()).selection


@pytest.fixture(scope="module")
def model(split):
    return fit_champion(split, encode_split(split, QUICK, seed=1), QUICK, seed=1)[0]


def amounts(model, events: pd.DataFrame) -> np.ndarray:
    return model.predict(None, events)["predicted_purchase"].to_numpy()


def test_test_purchases_are_better_known_than_by_their_categories(split, model):
    error = amounts(model, to_events(split.test)) - split.test_purchase
    naive = split.test["category_mean_purchase"].to_numpy() - split.test_purchase
    assert np.sqrt(np.mean(error**2)) < np.sqrt(np.mean(naive**2))


def test_answers_keep_the_index_of_the_events(split, model):
    events = to_events(split.test.head(3))
    events.index = ["c", "a", "b"]
    answered = model.predict(None, events)
    assert list(answered.index) == ["c", "a", "b"]
    assert list(answered.columns) == SIGNATURE.outputs.input_names()
    assert answered["predicted_purchase"].dtype == np.float64


def test_the_parts_of_an_answer_add_up_to_it_and_a_stranger_adds_nothing(split, model):
    events = to_events(split.test)
    answered = model.predict(None, events)
    parts = answered[list(CONTRIBUTION_COLUMNS)]
    np.testing.assert_allclose(parts.sum(axis=1), answered["predicted_purchase"])
    assert (parts["contribution_category"] > 0).all()
    assert (parts.abs().mean() > 0).all()
    stranger = model.predict(None, events.assign(user_id=1))
    own = ["contribution_user", "contribution_user_category", "contribution_trees"]
    assert (stranger[own] == 0).all(axis=None)
    pd.testing.assert_series_equal(
        stranger["contribution_product"], answered["contribution_product"]
    )


def test_missing_second_and_third_categories_are_as_good_as_none(split, model):
    events = to_events(split.test.head(5)).assign(product_category_2=0.0, product_category_3=0.0)
    nulls = events.assign(product_category_2=np.nan, product_category_3=None)
    assert np.array_equal(amounts(model, events), amounts(model, nulls))


def test_what_was_never_seen_falls_back_to_what_is_known_of_its_category(split, model):
    stranger = to_events(split.test.head(1)).assign(
        user_id=1, product_id="P99999999", gender="X", age="?", city_category="Z", occupation=99
    )
    (expected,) = amounts(model, stranger)
    category = stranger["product_category_1"].iloc[0]
    of_category = split.train[split.train["product_category_1"] == category]["purchase"]
    assert expected == pytest.approx(of_category.mean())


def test_an_unknown_category_is_answered_with_a_number(split, model):
    events = to_events(split.test.head(2)).assign(product_category_1=[19, 77])
    assert np.isfinite(amounts(model, events)).all()


def test_no_events_are_answered_with_no_rows(split, model):
    assert len(amounts(model, to_events(split.test.head(0)))) == 0


def test_events_without_a_column_are_refused(split, model):
    with pytest.raises(ModelError, match="lack user_id"):
        model.predict(None, to_events(split.test.head(1)).drop(columns="user_id"))


def test_events_have_the_columns_of_the_contract(split):
    assert list(to_events(split.test).columns) == SIGNATURE.inputs.input_names()


def inputs_of(rows: pd.DataFrame, folder: Path) -> Inputs:
    settings = Settings(var_dir=folder, root="", _env_file=None)
    path = settings.table_path("features", "purchase_training_set")
    write_deltalake(path, rows, mode="overwrite", schema_mode="overwrite")
    return Inputs(settings)


def test_the_training_set_is_read_in_the_order_of_event_ids(tmp_path):
    rows = training_set().sample(frac=1, random_state=1)
    read = read_purchases(inputs_of(rows, tmp_path))
    assert read["event_id"].is_monotonic_increasing
    assert len(read) == len(rows)


def test_missing_amounts_and_encodings_are_named(tmp_path):
    rows = training_set()
    rows.loc[[1, 2], "user_mean_purchase"] = np.nan
    with pytest.raises(ModelError, match="user_mean_purchase in 2 rows"):
        read_purchases(inputs_of(rows, tmp_path))


def test_a_training_set_of_another_shape_is_refused(tmp_path):
    rows = training_set().drop(columns=["refit_fold"])
    with pytest.raises(TableError, match="lacks refit_fold"):
        read_purchases(inputs_of(rows, tmp_path))


@pytest.mark.parametrize("side", ["train", "validation", "test"])
def test_a_side_with_too_few_rows_is_refused(side):
    rows = training_set()
    rows = pd.concat([rows[rows["split"] != side], rows[rows["split"] == side].head(5)])
    with pytest.raises(ModelError, match=f"5 rows in split '{side}'"):
        split_purchases(rows)


def test_baskets_are_forecast_from_the_other_half():
    rows = training_set(count_users=100, count_products=80)
    baskets = forecast_other_half(rows, QUICK.encoder.factorisation, seed=1)
    found = {metric.name: metric.value for metric in judge_baskets(baskets, seed=1)}
    assert (
        baskets["count_purchases"].sum()
        == len(rows) // 2 - (rows.groupby("user_id").size() % 2).sum() / 2 + len(rows) % 2 / 2
    )
    assert found["basket_total_r2"] > found["basket_total_r2_of_count_only"]
    assert found["basket_mape"] < 0.15


def test_metrics_of_baskets_are_those_of_the_textbook():
    baskets = pd.DataFrame(
        {
            "count_purchases": [1, 2],
            "actual": [10.0, 40.0],
            "predicted": [12.0, 30.0],
            "count_only": [15.0, 30.0],
            "own_mean": [10.0, 30.0],
            "product_means": [15.0, 30.0],
            "group_by": [10.0, 40.0],
        }
    )
    found = {metric.name: metric.value for metric in judge_baskets(baskets, seed=1)}
    # Tickets 10 and 20, expected 12 and 15: squared errors 4 and 25 over a spread of 50.
    assert found["basket_ticket_r2"] == pytest.approx(1 - 29 / 50)
    assert found["basket_ticket_r2_of_own_mean"] == pytest.approx(1 - 25 / 50)
    assert found["basket_ticket_r2_of_product_means"] == pytest.approx(1 - 50 / 50)
    assert found["basket_ticket_r2_of_group_by"] == 1
    assert found["basket_mape"] == pytest.approx((0.2 + 0.25) / 2)
    assert found["basket_share_within_20_percent"] == 0.5
    # Totals 10 and 40 spread by 450; errors 2 and 10, or 5 and 10 by the number alone.
    assert found["basket_total_r2"] == pytest.approx(1 - 104 / 450)
    assert found["basket_total_r2_of_count_only"] == pytest.approx(1 - 125 / 450)


def test_customers_with_one_purchase_each_have_no_basket():
    rows = training_set().drop_duplicates("user_id")
    with pytest.raises(ModelError, match="No customer has two purchases"):
        forecast_other_half(rows, QUICK.encoder.factorisation, seed=1)


def test_what_a_basket_is_forecast_from_is_told_apart():
    """Two customers, two products: what each of the simple forecasts knows, by hand."""
    rows = pd.DataFrame(
        {
            "user_id": [1, 1, 1, 1, 2, 2, 2, 2],
            "product_id": ["A", "A", "B", "B", "A", "A", "B", "B"],
            "product_category_1": 1,
            "product_category_2": 0,
            "product_category_3": 0,
            "gender": "F",
            "age": "26-35",
            "occupation": 1,
            "city_category": "A",
            # The known ones are the first of each pair: A 100 and 200, B 300 and 400.
            "purchase": [100.0, 0, 300, 0, 200, 0, 400, 0],
        }
    )
    baskets = forecast_other_half(rows, QUICK.encoder.factorisation, seed=1)
    # Product means 150 and 350; residuals -50 twice and +50 twice, shrunken by 2 / (2 + 5).
    assert baskets["own_mean"].tolist() == [2 * 200, 2 * 300]
    assert baskets["product_means"].tolist() == [500, 500]
    assert baskets["group_by"].tolist() == pytest.approx([500 - 2 * 100 / 7, 500 + 2 * 100 / 7])


def test_the_base_answers_without_trees_and_the_release_never_learns_from_the_test():
    splits = split_purchases(training_set())
    seen = {*splits.release.train["event_id"]}
    assert seen == {*splits.selection.train["event_id"], *splits.selection.test["event_id"]}
    assert seen.isdisjoint(splits.release.test["event_id"])
    encoded = encode_split(splits.selection, QUICK, seed=1)
    base = PurchaseModel(splits.selection.vocabulary, splits.selection.units, encoded.encoder)
    assert base.count_trees == 0
    expected = splits.selection.units.to_purchase(
        splits.selection.test_codes.category, encoded.test_base
    )
    assert amounts(base, to_events(splits.selection.test)) == pytest.approx(expected)


def test_an_error_weighs_as_the_square_of_its_unit(split):
    encoded = encode_split(split, QUICK, seed=1)
    units = split.units.units[split.train_codes.category]
    assert encoded.train_weight / encoded.train_weight[0] == pytest.approx((units / units[0]) ** 2)


def test_counts_mean_the_same_out_of_fold_and_for_test_rows(split):
    """Encoders of a part of the rows count fewer purchases, which must not shift the feature."""
    encoded = encode_split(split, QUICK, seed=1)
    place = encoded.names.index("user_count")
    shift = encoded.test_features[:, place].mean() - encoded.train_features[:, place].mean()
    assert abs(shift) < 0.05
