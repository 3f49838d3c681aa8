"""Rows of a Delta table as values that two builds of the same data must share."""

from collections.abc import Set as AbstractSet
from typing import Any

import pandas as pd
from deltalake import DeltaTable

# When a row was written, which differs from build to build.
_RUN_TIME_COLUMNS = {
    "cleansed_at",
    "cleansed_version",
    "dbt_scd_id",
    "dbt_updated_at",
    "dbt_valid_from",
    "dbt_valid_to",
}


def content_of(table: DeltaTable) -> pd.DataFrame:
    """All rows, in an order that follows from the values alone.

    Maps, whose order means nothing, are sorted.
    """
    arrow = table.to_pyarrow_table()
    frame = arrow.select([n for n in arrow.column_names if n not in _RUN_TIME_COLUMNS]).to_pandas()
    for name in frame.columns:
        if pd.api.types.is_object_dtype(frame[name]):
            frame[name] = frame[name].map(_plain, na_action="ignore")
    # Numbers with a fraction may differ in their last bit, and so cannot decide the order.
    keys = [name for name in frame.columns if not pd.api.types.is_float_dtype(frame[name])]
    order = frame[keys].astype(str).sort_values(keys).index
    return frame.loc[order].reset_index(drop=True)


def _plain(value: Any) -> Any:
    if isinstance(value, list):  # a map comes as its pairs
        return tuple(sorted(map(tuple, value)))
    return tuple(value) if hasattr(value, "tolist") and not isinstance(value, str) else value


def assert_same_rows(
    left: pd.DataFrame,
    right: pd.DataFrame,
    *,
    name: str,
    without: AbstractSet[str] = frozenset(),
) -> None:
    """Compare two contents of the named table, columns in any order, fractions to nine digits."""
    columns = sorted(set(left.columns) - without)
    assert columns == sorted(set(right.columns) - without), name
    assert len(left) > 0 or "quarantine" in name
    try:
        pd.testing.assert_frame_equal(left[columns], right[columns], rtol=1e-9, atol=1e-9)
    except AssertionError as difference:
        raise AssertionError(f"{name}: {difference}") from None
