import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from marts_under_test import (
    COUNT_CUSTOMERS,
    COUNT_PRODUCTS,
    tiny_context,
    tiny_settings,
    write_table,
    write_tiny_marts,
)
from pyspark.sql import SparkSession
from scipy import sparse
from typer.testing import CliRunner

from lakehouse.errors import ModelError, TableError
from lakehouse.settings import Settings
from lakehouse.tables import TableName, read_columns
from ml import command as commands
from ml.goals import GOALS
from ml.recommendations import task as recommendations_task
from ml.recommendations.comparison import Candidates
from ml.recommendations.lists import audience_of, list_of, newcomer_list
from ml.recommendations.task import RecommendationsTask
from ml.registry import champion_version, load_champion
from ml.spark_store import load_logged_pipeline, load_pipeline
from ml.training import TrainingResult, train
from ml.verdicts import HYPOTHESES


@pytest.fixture(scope="module")
def trained(tiny_lakehouse: Settings, spark: SparkSession) -> TrainingResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recommendations_task, "IMPLICIT", recommendations_task._IMPLICIT_QUICK)
        patch.setattr(recommendations_task, "_EXPLICIT", recommendations_task._EXPLICIT_QUICK)
        return train(RecommendationsTask(), tiny_context(tiny_lakehouse, spark))


@pytest.fixture
def command(tiny_lakehouse: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setattr(commands, "settings", lambda: tiny_lakehouse)
    return CliRunner()


def lists(tiny_lakehouse: Settings) -> pl.DataFrame:
    columns = ["user_id", "rank", "product_id", "score", "is_fallback"]
    table = TableName("predictions", "product_recommendations")
    return pl.DataFrame(pl.from_arrow(read_columns(table, columns, tiny_lakehouse)))


def test_a_first_model_becomes_champion_and_its_figures_are_written(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    assert trained.decision.is_promoted, trained.decision.reason
    assert champion_version("product_recommendations", tiny_lakehouse) == trained.version
    figures = json.loads((tiny_lakehouse.var_dir / "results" / "ml.json").read_text())
    of_blend = figures["recommendations_ndcg_at_10"]
    assert 1 >= of_blend > figures["recommendations_ndcg_at_10_popularity"] > 0
    assert figures["recommendations_ndcg_at_10_explicit_als"] >= 0
    by_name = {metric.name: metric for metric in trained.evaluation.metrics}
    assert by_name["blend_ndcg_at_10"].low < of_blend < by_name["blend_ndcg_at_10"].high


def test_every_customer_gets_a_list_without_what_it_bought(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    made = lists(tiny_lakehouse)
    bought = pl.read_delta(tiny_lakehouse.table_path("features", "customer_product_interactions"))
    assert made["user_id"].n_unique() == COUNT_CUSTOMERS
    assert made.join(bought, on=["user_id", "product_id"]).is_empty()
    assert (made.group_by("user_id").agg(pl.max("rank") == pl.len())["rank"]).all()
    falling = made.sort("user_id", "rank").group_by("user_id", maintain_order=True)
    assert falling.agg(pl.col("score").is_sorted(descending=True))["score"].all()


def test_lists_follow_the_customers_taste(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    first = lists(tiny_lakehouse).filter(pl.col("rank") <= 3)
    is_even = first["product_id"].str.slice(1).cast(pl.Int32) % 2 == 0
    # Customers start at 1 here, and the first of them likes even products.
    assert (is_even == (first["user_id"] % 2 == 1)).mean() > 0.8


def test_each_audience_holds_customers_who_lack_the_product(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    audience = audience_of("P04", tiny_lakehouse)
    bought = pl.read_delta(tiny_lakehouse.table_path("features", "customer_product_interactions"))
    owners = set(bought.filter(pl.col("product_id") == "P04")["user_id"])
    assert audience["rank"].to_list() == list(range(1, len(audience) + 1))
    assert owners.isdisjoint(audience["user_id"])


def test_a_champion_judges_the_same_rows_as_its_challenger(
    trained: TrainingResult, tiny_lakehouse: Settings, spark: SparkSession
) -> None:
    task, context = RecommendationsTask(), tiny_context(tiny_lakehouse, spark)
    split = task.split(task.load(context), context)
    losses = task.losses(load_champion("product_recommendations", tiny_lakehouse), split, context)
    by_name = {metric.name: metric.value for metric in trained.evaluation.metrics}
    assert len(losses) == by_name["customers_judged"]
    # The champion serves those with too few products from their group, the blend's figure does not.
    judged = np.diff(split.held_out.ratings.indptr) > 0
    few = np.diff(split.train.ratings.indptr)[judged] < recommendations_task._LEAST_KNOWN
    assert abs(np.mean(1 - losses) - by_name["blend_ndcg_at_10"]) <= few.mean() + 1e-6
    assert few.mean() < 0.2


def test_plain_spark_predicts_what_the_champion_says(
    trained: TrainingResult, tiny_lakehouse: Settings, spark: SparkSession
) -> None:
    task, context = RecommendationsTask(), tiny_context(tiny_lakehouse, spark)
    train_part = task.split(task.load(context), context).train
    champion = load_champion("product_recommendations", tiny_lakehouse)
    factors = champion.model.unwrap_python_model().factors[0]
    expected = factors.scores(train_part.bought)
    asked = [(int(user), str(item)) for user in (1, 2, 80) for item in train_part.product_ids]
    asked += [(999, "P04"), (1, "P999")]
    rows = spark.createDataFrame(asked, "user_id int, product_id string")
    name = f"recommendations_implicit_als_rank_{factors.settings.rank}"
    for pipeline in (
        load_pipeline(name, tiny_lakehouse),
        load_logged_pipeline(trained.run_id, name, tiny_lakehouse),
    ):
        answered = pipeline.transform(rows).toPandas()
        users = np.searchsorted(train_part.user_ids, answered["user_id"])
        items = np.searchsorted(train_part.product_ids, answered["product_id"].to_numpy(object))
        assert answered["prediction"].to_numpy() == pytest.approx(expected[users, items], abs=1e-4)
        assert {999, "P999"}.isdisjoint({*answered["user_id"], *answered["product_id"]})
        assert len(answered) > COUNT_PRODUCTS
    assert len(load_pipeline("recommendations_explicit_als", tiny_lakehouse).stages) == 3


def test_the_example_asks_for_a_list_of_every_customer(tiny_lakehouse: Settings) -> None:
    """The check of latency repeats it, so it must not measure the list of one customer."""
    task, context = RecommendationsTask(), tiny_context(tiny_lakehouse, None)
    split = task.split(task.load(context), context)
    example = task.package(Candidates(None, None), split, context).example
    assert example["user_id"].nunique() == COUNT_CUSTOMERS
    assert example["user_id"].value_counts().max() == 2


def test_the_figures_decide_on_the_hypothesis(trained: TrainingResult) -> None:
    metrics = {metric.name: metric for metric in trained.evaluation.metrics}
    hypothesis = next(one for one in HYPOTHESES if one.task == "recommendations")
    assert hypothesis.judge(metrics) is not None
    assert set(GOALS["recommendations"]) <= set(metrics)


def test_the_command_prints_a_customers_list(trained: TrainingResult, command: CliRunner) -> None:
    shown = command.invoke(commands.app, ["recommend", "--user", "1", "-k", "3"])
    assert shown.exit_code == 0, shown.output
    assert "Products for customer 1" in shown.output
    assert shown.output.count("P") >= 3
    assert "synthetic data" in shown.output


def test_the_command_shows_the_fallback_and_an_error_for_an_unknown_customer(
    trained: TrainingResult, command: CliRunner
) -> None:
    shown = command.invoke(commands.app, ["recommend", "--user", "999", "-k", "3"])
    assert "Popular with all customers" in shown.output
    assert isinstance(shown.exception, ModelError)
    assert "Customer 999 is not known" in str(shown.exception)


@pytest.mark.parametrize("user", ["-1", "2147483648", "100000000000000000000"])
def test_the_command_refuses_a_number_that_no_customer_can_have(
    user: str, command: CliRunner
) -> None:
    shown = command.invoke(commands.app, ["recommend", "--user", user])
    assert shown.exit_code == 2
    assert "--user" in shown.output


def test_the_command_serves_a_newcomer_who_is_described(
    trained: TrainingResult, command: CliRunner
) -> None:
    described = ["--user", "999", "--gender", "F", "--age", "26-35", "--city", "A"]
    shown = command.invoke(commands.app, ["recommend", *described])
    assert shown.exit_code == 0, shown.output
    assert "Popular with F, 26-35, city A" in shown.output


def test_the_command_says_so_when_nobody_like_the_newcomer_is_known(
    trained: TrainingResult, command: CliRunner
) -> None:
    described = ["--user", "999", "--gender", "X", "--age", "99", "--city", "Q"]
    shown = command.invoke(commands.app, ["recommend", *described])
    assert shown.exit_code == 0, shown.output
    assert "Popular with all customers" in shown.output
    assert "No customers are known of X, 99, city Q" in shown.output


def test_the_command_tells_how_long_the_list_is_when_more_is_asked_for(
    trained: TrainingResult, command: CliRunner
) -> None:
    shown = command.invoke(commands.app, ["recommend", "--user", "1", "-k", "500"])
    assert "500 were asked for" in shown.output


def test_the_command_finds_customers_for_a_product_and_refuses_an_unknown_one(
    trained: TrainingResult, command: CliRunner
) -> None:
    assert (
        "Customers for product P04"
        in command.invoke(commands.app, ["recommend", "--product", "P04"]).output
    )
    unknown = command.invoke(commands.app, ["recommend", "--product", "P999"])
    assert "Product P999 has no audience" in str(unknown.exception)
    assert (
        command.invoke(commands.app, ["recommend", "--product", "P04", "--user", "1"]).exit_code
        == 2
    )


def test_a_newcomers_list_is_marked_and_is_that_of_the_group(
    trained: TrainingResult, tiny_lakehouse: Settings
) -> None:
    women = newcomer_list(999, "F", "26-35", "A", tiny_lakehouse).products
    men = newcomer_list(999, "M", "26-35", "A", tiny_lakehouse).products
    assert women["is_fallback"].all()
    assert women["product_id"].to_list() != men["product_id"].to_list()
    assert len(women) <= COUNT_PRODUCTS


def test_without_lists_the_error_names_the_command_to_run(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="Run `make build` first"):
        list_of(1, tiny_settings(tmp_path))


def test_an_empty_mart_or_one_of_another_shape_is_refused(
    tmp_path: Path, spark: SparkSession
) -> None:
    settings = tiny_settings(tmp_path)
    write_tiny_marts(settings)
    name = "features.customer_product_interactions"
    whole = pl.read_delta(settings.table_path(*name.split(".")))
    write_table(settings, name, whole.head(0))
    with pytest.raises(ModelError, match="has no rows"):
        RecommendationsTask().load(tiny_context(settings, spark))
    write_table(tiny_settings(tmp_path / "other"), name, whole.drop("rating"))
    with pytest.raises(TableError, match="lacks rating"):
        RecommendationsTask().load(tiny_context(tiny_settings(tmp_path / "other"), spark))


def test_customers_with_one_product_each_cannot_be_judged(
    tiny_lakehouse: Settings, spark: SparkSession
) -> None:
    task, context = RecommendationsTask(), tiny_context(tiny_lakehouse, spark)
    data = task.load(context)
    alone = replace(data, ratings=sparse.csr_matrix(np.eye(*data.ratings.shape)))
    with pytest.raises(ModelError, match="None of 80 customers has products both to learn from"):
        task.split(alone, context)
