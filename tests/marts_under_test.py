"""Feature tables of a few customers, written as dbt would leave them, for tests of whole tasks."""

from pathlib import Path

import numpy as np
import polars as pl
from pyspark.sql import SparkSession
from rich.console import Console

from lakehouse.settings import Settings
from ml.inputs import Inputs
from ml.task import TaskContext

COUNT_CUSTOMERS, COUNT_PRODUCTS, COUNT_CATEGORIES = 80, 40, 5


def tiny_settings(var_dir: Path) -> Settings:
    return Settings(var_dir=var_dir, root="", _env_file=None)


def tiny_context(settings: Settings, spark: SparkSession) -> TaskContext:
    """A context that uses the Spark session of the tests."""
    context = TaskContext(settings, Inputs(settings), 7, False, "synthetic", Console(quiet=True))
    context.__dict__["spark"] = spark
    return context


def write_table(settings: Settings, name: str, frame: pl.DataFrame) -> None:
    schema, table = name.split(".")
    frame.write_delta(settings.table_path(schema, table), mode="overwrite")


def write_tiny_marts(settings: Settings) -> None:
    """Two tastes: customers with even ids buy even products, mostly; the spend varies widely."""
    generator = np.random.default_rng(3)
    rows = []
    for user in range(COUNT_CUSTOMERS):
        count = 6 + user // 8
        chance = np.where(np.arange(COUNT_PRODUCTS) % 2 == user % 2, 9.0, 1.0)
        for product in generator.choice(
            COUNT_PRODUCTS, count, replace=False, p=chance / chance.sum()
        ):
            price = int(generator.integers(100, 1000)) * (1 + user % 3)
            rows.append((user + 1, f"P{product:02}", int(product) % COUNT_CATEGORIES + 1, price))
    bought = pl.DataFrame(
        rows, schema=["user_id", "product_id", "product_category_1", "purchase"], orient="row"
    ).cast({"user_id": pl.Int32, "product_category_1": pl.Int32, "purchase": pl.Int32})
    interactions = bought.select("user_id", "product_id", rating=pl.col("purchase") % 5 + 1)
    customers = bought.group_by("user_id").agg(
        count_purchases=pl.len().cast(pl.Int64),
        count_products=pl.n_unique("product_id").cast(pl.Int64),
        sum_purchase=pl.sum("purchase").cast(pl.Int64),
        mean_purchase=pl.mean("purchase"),
    )
    customers = customers.with_columns(
        gender=pl.when(pl.col("user_id") % 2 == 0).then(pl.lit("F")).otherwise(pl.lit("M")),
        age=pl.lit("26-35"),
        city_category=pl.when(pl.col("user_id") < 40).then(pl.lit("A")).otherwise(pl.lit("B")),
    )
    categories = (
        bought.group_by("user_id", "product_category_1")
        .agg(count_purchases=pl.len())
        .with_columns(
            share_of_purchases=pl.col("count_purchases")
            / pl.col("count_purchases").sum().over("user_id")
        )
    )
    write_table(settings, "features.customer_product_interactions", interactions)
    products = bought.select("product_id", "product_category_1").unique()
    write_table(settings, "features.customer_features", customers)
    write_table(settings, "features.product_features", products)
    write_table(settings, "features.customer_category_purchases", categories)
