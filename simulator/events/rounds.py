"""The purchases of a file, with the ids and the simulated times that make events of them."""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.data.bronze import PUBLISHED_COLUMNS
from lakehouse.data.csv_records import inspect, read_batches
from lakehouse.errors import SourceFileError
from simulator.events.simulated_time import SimulatedTime

__all__ = ["NEXT_ROUND_USERS", "PURCHASE_COLUMNS", "event_id", "later_round", "read_purchases"]

_NUMBERS = (
    "user_id",
    "occupation",
    "marital_status",
    "product_category_1",
    "product_category_2",
    "product_category_3",
    "purchase",
)
_OPTIONAL = ("product_category_2", "product_category_3")
# The older edition of the file writes whole numbers with a decimal point.
_WHOLE_NUMBER = r"^[0-9]{1,9}(\.0+)?$"

NEXT_ROUND_USERS = 1_000_000
"""Distance of the user ids of one round from those of the one before, more than there are users."""

PURCHASE_COLUMNS = pa.schema(
    [
        *((name, pa.int32() if name in _NUMBERS else pa.string()) for name in PUBLISHED_COLUMNS),
        ("event_id", pa.string()),
        ("visit", pa.int8()),
        ("simulated_millis", pa.int64()),
    ]
)
"""Grain: one purchase. ``visit`` counts a customer's simulated visits from 0; ``simulated_millis``
is the simulated instant of the purchase, in epoch milliseconds (UTC)."""


def event_id(user_id: int, product_id: str) -> str:
    """Key of a purchase, as the batch side makes it: MD5 of ``<user_id>|<product_id>``."""
    return hashlib.md5(f"{user_id}|{product_id}".encode(), usedforsecurity=False).hexdigest()


def read_purchases(path: Path, *, seed: int, limit: int | None = None) -> pa.Table:
    """The usable purchases of a file, with ``PURCHASE_COLUMNS``.

    A line that has no fields, or lacks a number or an id, cannot become a message and is left out;
    the landing of the same file shows it in quarantine.

    Args:
        path: a purchases CSV, plain or gzip.
        seed: the project's seed, from which the simulated times follow.
        limit: take the first so many purchases only.

    Raises:
        SourceFileError: the file cannot be read, or no line of it is usable.
    """
    batches, rows = [], 0
    for batch in read_batches(path, inspect(path)):
        batches.append(_typed(pa.Table.from_batches([batch])))
        rows += batches[-1].num_rows
        if limit is not None and rows >= limit:
            break
    published = pa.concat_tables(batches)
    published = published if limit is None else published.slice(0, limit)
    if published.num_rows == 0:
        raise SourceFileError(f"{path}: no line of it is a purchase. Check the file")
    return _with_times(published, seed)


def later_round(purchases: pa.Table, seed: int, rounds: int = 1) -> pa.Table:
    """The same purchases by other customers, so that more of them than the file has can be sent.

    Every event id is new, as the user ids are ``NEXT_ROUND_USERS`` higher with each round.

    Args:
        purchases: those of a round.
        seed: the project's seed, from which the simulated times follow.
        rounds: how many rounds later.
    """
    users = pc.add(purchases["user_id"], pa.scalar(rounds * NEXT_ROUND_USERS, pa.int32()))
    at = purchases.schema.get_field_index("user_id")
    moved = purchases.select(PUBLISHED_COLUMNS).set_column(at, "user_id", users)
    return _with_times(moved, seed)


def _typed(lines: pa.Table) -> pa.Table:
    usable = pc.is_null(lines["landing_defect"])
    columns = {name: pc.utf8_trim_whitespace(lines[name]) for name in PUBLISHED_COLUMNS}
    for name, column in columns.items():
        if name in _NUMBERS:
            is_number = pc.match_substring_regex(column, _WHOLE_NUMBER)
            fine = pc.fill_null(is_number, name in _OPTIONAL)
        else:
            fine = pc.fill_null(pc.greater(pc.utf8_length(column), 0), False)
        usable = pc.and_(usable, fine)
    kept = pa.table(columns).filter(usable)
    return pa.table(
        {
            name: pc.cast(pc.replace_substring_regex(kept[name], r"\.0+$", ""), pa.int32())
            if name in _NUMBERS
            else kept[name]
            for name in PUBLISHED_COLUMNS
        }
    )


def _with_times(purchases: pa.Table, seed: int) -> pa.Table:
    time = SimulatedTime(seed)
    users = purchases["user_id"].to_pylist()
    products = purchases["product_id"].to_pylist()
    ids = [event_id(*pair) for pair in zip(users, products, strict=True)]
    visits = [time.visit(*pair) for pair in zip(users, ids, strict=True)]
    millis = [time.millis(*row) for row in zip(users, ids, visits, strict=True)]
    added = {"event_id": ids, "visit": visits, "simulated_millis": millis}
    for name, values in added.items():
        field = PURCHASE_COLUMNS.field(name)
        purchases = purchases.append_column(field, [pa.array(values, field.type)])
    return purchases.cast(PURCHASE_COLUMNS)
