"""Lists that were made before, and the list of somebody who is not known yet."""

from dataclasses import dataclass

import polars as pl

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table
from ml.recommendations.interactions import GROUP_COLUMNS, group_names
from ml.registry import load_champion

__all__ = ["Newcomer", "audience_of", "list_of", "newcomer_list"]

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


def _rows(
    table: TableName, columns: list[str], key: tuple[str, int | str], settings: Settings
) -> pl.DataFrame:
    opened = open_table(table, settings)
    if not opened.count():
        raise ModelError(
            f"{table} is empty: no recommendations were made yet. "
            "Run `python -m ml.train recommendations`"
        )
    name, value = key
    found = opened.to_pyarrow_table(columns=columns, filters=[(name, "=", value)])
    return pl.DataFrame(pl.from_arrow(found)).sort("rank")
