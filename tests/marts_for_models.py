"""Small marts written by hand for tests of models, without a build."""

from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console

from lakehouse.settings import Settings
from ml.high_value.data import BASKET, CATEGORIES
from ml.inputs import Inputs
from ml.task import TaskContext

CUSTOMERS = 400


def write(settings: Settings, name: str, frame: pl.DataFrame) -> None:
    schema, table = name.split(".")
    frame.write_delta(settings.table_path(schema, table), mode="overwrite")


def context(settings: Settings) -> TaskContext:
    return TaskContext(settings, Inputs(settings), 7, True, "synthetic", Console(quiet=True))


def settings_in(folder: Path) -> Settings:
    return Settings(var_dir=folder, root="", spark_master="local[1]", _env_file=None)


def write_marts(settings: Settings, *, seed: int = 1, spend: np.ndarray | None = None) -> None:
    """Customers of city C spend more and like rare products; gender and the rest say nothing."""
    generator = np.random.default_rng(seed)
    users = np.arange(1, CUSTOMERS + 1)
    city = generator.choice(["A", "C"], CUSTOMERS)
    count = np.where(city == "C", 12, 6) + generator.integers(0, 4, CUSTOMERS)
    customers = pl.DataFrame(
        {
            "user_id": users.astype(np.int32),
            "gender": generator.choice(["F", "M"], CUSTOMERS),
            "age": generator.choice(["18-25", "26-35", "36-45"], CUSTOMERS),
            "occupation": generator.integers(0, 4, CUSTOMERS).astype(np.int32),
            "city_category": city,
            "stay_in_current_city_years": generator.choice(["0", "1", "4+"], CUSTOMERS),
            "marital_status": generator.integers(0, 2, CUSTOMERS).astype(np.int32),
            "count_purchases": count.astype(np.int64),
            "mean_purchase": generator.normal(9000, 1000, CUSTOMERS),
        }
    )
    total = count * customers["mean_purchase"].to_numpy() if spend is None else spend
    customers = customers.with_columns(pl.Series("sum_purchase", total.astype(np.int64)))
    buyers = np.repeat(users, count)
    products = np.concatenate(
        [
            generator.choice(40, n, replace=False) + (10 if c == "C" else 0)
            for n, c in zip(count, city, strict=True)
        ]
    )
    bought = pl.DataFrame(
        {
            "user_id": buyers.astype(np.int32),
            "product_id": [f"P{product:02}" for product in products],
            "count_purchases": np.ones(len(buyers), np.int64),
            "sum_purchase": generator.integers(100, 20000, len(buyers)),
        }
    )
    first = (
        bought.with_columns(position_in_basket=pl.int_range(1, pl.len() + 1).over("user_id"))
        .filter(pl.col("position_in_basket") <= 5)
        .select("user_id", "position_in_basket", "product_id")
    )
    basket = pl.DataFrame(
        {"user_id": users.astype(np.int32)}
        | {name: generator.normal(5, 1, CUSTOMERS) for name in BASKET if name not in CATEGORIES}
        | {name: generator.integers(0, 3, CUSTOMERS) for name in CATEGORIES}
    )
    categories = pl.DataFrame(
        {
            "product_id": [f"P{product:02}" for product in range(50)],
            "product_category_1": [product % 3 for product in range(50)],
        }
    )
    write(settings, "features.customer_features", customers)
    write(settings, "features.customer_product_interactions", bought)
    write(settings, "features.customer_first_purchases", first)
    write(settings, "features.customer_first_basket", basket)
    write(settings, "features.product_features", categories)
