"""Lists that were made before, the list of somebody who is not known yet, and how they look."""

from dataclasses import dataclass

import polars as pl
from rich.console import Console
from rich.table import Table

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table
from ml.recommendations.interactions import GROUP_COLUMNS, group_names
from ml.registry import load_champion

__all__ = [
    "Newcomer",
    "audience_of",
    "list_of",
    "newcomer_list",
    "show_audience",
    "show_list",
]

_LISTS = TableName("predictions", "product_recommendations")
_AUDIENCES = TableName("predictions", "product_audiences")
_PROVENANCE = ["model_version", "data_kind", "scored_at"]


def list_of(user_id: int, settings: Settings) -> pl.DataFrame:
    """Products for a customer, best first; no rows for a customer without a list.

    Returns:
        rank, product_id, score, is_fallback, model_version, data_kind, scored_at.

    Raises:
        TableError: nothing was built yet.
        ModelError: no recommendations were made yet.
    """
    columns = ["rank", "product_id", "score", "is_fallback", *_PROVENANCE]
    return _rows(_LISTS, columns, ("user_id", user_id), settings)


def audience_of(product_id: str, settings: Settings) -> pl.DataFrame:
    """Customers for a product, best first; no rows for a product without an audience.

    Returns:
        rank, user_id, score, model_version, data_kind, scored_at.

    Raises:
        TableError: nothing was built yet.
        ModelError: no recommendations were made yet.
    """
    columns = ["rank", "user_id", "score", *_PROVENANCE]
    return _rows(_AUDIENCES, columns, ("product_id", product_id), settings)


@dataclass(frozen=True)
class Newcomer:
    """What to offer to somebody of whom no purchase is known.

    Attributes:
        products: rank, product_id, score, is_fallback; what is popular.
        is_of_group: whether with the demographic group; else with all customers.
    """

    products: pl.DataFrame
    is_of_group: bool


def newcomer_list(
    user_id: int, gender: str | None, age: str | None, city: str | None, settings: Settings
) -> Newcomer:
    """What is popular in somebody's demographic group.

    With an attribute missing, or in a group that the model never saw, it is what is popular with
    all customers.

    Raises:
        ModelError: no recommender is in use.
    """
    champion = load_champion("product_recommendations", settings)
    group = dict(zip(GROUP_COLUMNS, (gender, age, city), strict=True))
    asked = pl.DataFrame(
        [{"user_id": user_id, **group, "product_id": None}],
        schema_overrides=dict.fromkeys([*GROUP_COLUMNS, "product_id"], pl.String),
    )
    known = champion.model.unwrap_python_model().popularity.groups
    return Newcomer(
        pl.from_pandas(champion.predict(asked.to_pandas())).drop("user_id"),
        group_names(asked)[0] in known,
    )


def show_audience(product: str, count: int, settings: Settings, console: Console) -> None:
    """Print the customers for a product.

    Raises:
        TableError: nothing was built yet.
        ModelError: no recommendations were made yet, or the product has no audience.
    """
    audience = audience_of(product, settings)
    if audience.is_empty():
        raise ModelError(
            f"Product {product} has no audience: it was unknown when the lists were made. "
            "Score anew with `python -m ml score recommendations`, or check the id"
        )
    _show(f"Customers for product {product}", audience, count, console)


def show_list(
    user: int,
    count: int,
    group: tuple[str | None, str | None, str | None],
    settings: Settings,
    console: Console,
) -> None:
    """Print the products for a customer, or for somebody of whom no purchase is known.

    Args:
        user: the customer.
        count: length of the list.
        group: gender, age and city category of a new customer; None where unknown.
        settings: the project's settings.
        console: to print on.

    Raises:
        TableError: nothing was built yet.
        ModelError: no recommendations were made yet, or the customer is neither known nor
            described.
    """
    found = list_of(user, settings)
    if not found.is_empty():
        _show(f"Products for customer {user}", found, count, console)
        return
    newcomer = newcomer_list(user, *group, settings)
    gender, age, city = group
    words = f"{gender}, {age}, city {city}"
    whom = words if newcomer.is_of_group else "all customers"
    _show(f"Popular with {whom}", newcomer.products, count, console)
    if None in group:
        raise ModelError(
            f"Customer {user} is not known; above is what is popular with all customers. Check "
            "the id, or describe a new customer with --gender, --age and --city"
        )
    if not newcomer.is_of_group:
        console.print(f"No customers are known of {words}; check --gender, --age and --city.")


def _rows(
    table: TableName, columns: list[str], key: tuple[str, int | str], settings: Settings
) -> pl.DataFrame:
    opened = open_table(table, settings)
    if not opened.count():
        raise ModelError(
            f"{table} is empty: no recommendations were made yet. "
            "Run `python -m ml train recommendations`"
        )
    name, value = key
    found = opened.to_pyarrow_table(columns=columns, filters=[(name, "=", value)])
    return pl.DataFrame(pl.from_arrow(found)).sort("rank")


def _show(title: str, rows: pl.DataFrame, count: int, console: Console) -> None:
    shown = rows.head(count)
    console.print(title, soft_wrap=True)
    table = Table()
    columns = [name for name in ("rank", "product_id", "user_id", "score") if name in rows.columns]
    for name in columns:
        table.add_column(name, justify="right")
    for row in shown.select(columns).iter_rows():
        table.add_row(*(f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row))
    console.print(table)
    if len(shown) < count:
        console.print(f"The list ends after {len(shown)}; {count} were asked for.")
    if "model_version" in rows.columns:
        first = rows.row(0, named=True)
        console.print(
            f"Made by version {first['model_version']} on {first['scored_at']:%Y-%m-%d %H:%M} UTC, "
            f"from {first['data_kind']} data."
        )
