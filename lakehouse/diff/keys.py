"""Which columns tell the rows of a table apart: its own unique tests say it."""

from collections.abc import Mapping
from typing import Any

from lakehouse.errors import TableError

__all__ = ["unique_key"]


def unique_key(manifest: Mapping[str, Any], unique_id: str) -> tuple[str, ...]:
    """The fewest columns that a data test of the node holds to be unique, over all its rows.

    A snapshot without such a test has the key that dbt gives it.

    Args:
        manifest: dbt's manifest.json.
        unique_id: of a source, model, seed or snapshot.

    Raises:
        TableError: it has no such test.
    """
    found = []
    for test in manifest["nodes"].values():
        kind = test.get("test_metadata")
        if not kind or _tested(test) != unique_id or test["config"].get("where"):
            continue
        if kind["name"] == "unique":
            found.append((kind["kwargs"]["column_name"],))
        elif kind["name"] == "unique_combination_of_columns":
            found.append(tuple(kind["kwargs"]["combination_of_columns"]))
    node = manifest["nodes"].get(unique_id, {})
    if not found and node.get("resource_type") == "snapshot":
        # dbt makes this column to tell the rows of a snapshot apart.
        names = node["config"].get("snapshot_meta_column_names") or {}
        found.append((names.get("dbt_scd_id") or "dbt_scd_id",))
    if not found:
        raise TableError(
            f"{unique_id.rpartition('.')[2]} has no test `unique` or "
            "`unique_combination_of_columns` over all its rows, so its rows cannot be matched. "
            "Add one, or name the columns with --key"
        )
    return min(found, key=lambda key: (len(key), key))


def _tested(test: Mapping[str, Any]) -> str:
    # Tests of sources are attached to no node.
    return test.get("attached_node") or next(iter(test["depends_on"]["nodes"]), "")
