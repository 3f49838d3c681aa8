"""A small manifest: a source, an ephemeral model, a model, a snapshot and what rests on them."""

from typing import Any


def node(name: str, kind: str, columns: str, *parents: str, **more: Any) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "schema": "marts",
        "name": name,
        "alias": name,
        "columns": {column: {} for column in columns.split()},
        "depends_on": {"nodes": list(parents)},
        "config": {"materialized": "table"},
    } | more


def small_manifest() -> dict[str, Any]:
    source = node("sales", "source", "id amount day", schema="raw", identifier="sales_1")
    inline = node("inline", "model", "id amount day", "source.sales")
    inline |= {"config": {"materialized": "ephemeral"}, "compiled_code": "select 1"}
    # As dbt compiles an incremental model that reads an ephemeral one, and itself.
    facts = node(
        "facts",
        "model",
        "id gross",
        "model.inline",
        compiled_code=(
            "with __dbt__cte__inline as (select * from raw.sales_1)\n"
            "select id, amount * 2 as gross from __dbt__cte__inline where day > 1\n"
            "union all select id, gross from marts.facts"
        ),
    )
    history = node(
        "history",
        "snapshot",
        "id gross",
        "model.facts",
        schema="snapshots",
        compiled_code="select * from marts.facts",
        config={
            "materialized": "snapshot",
            "unique_key": "id",
            "check_cols": ["gross"],
            "updated_at": None,
            "snapshot_meta_column_names": {"dbt_valid_from": "valid_from"},
        },
    )
    report = node(
        "report",
        "model",
        "total",
        "snapshot.history",
        compiled_code=(
            "select sum(gross) as total from snapshots.history where valid_from is not null"
        ),
    )
    nodes = {
        # Children before parents: the order of a manifest says nothing.
        "model.report": report,
        "snapshot.history": history,
        "model.facts": facts,
        "model.inline": inline,
        "test.rule": node("rule", "test", "", "model.facts"),
    }
    exposures = {"exposure.page": {"name": "page", "depends_on": {"nodes": ["model.report"]}}}
    return {"sources": {"source.sales": source}, "nodes": nodes, "exposures": exposures}
