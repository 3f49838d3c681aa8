"""The heaviest marts' SQL in DuckDB, beside Spark: the same tables, rows and cores.

dbt's compiled SQL is carried to DuckDB's dialect by sqlglot, and the parents' Parquet files are
read where Delta's log says they are. Each engine runs a query once to warm up and once to be
measured, and writes its result: Spark as Delta, DuckDB as Parquet.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb
import sqlglot
from deltalake import DeltaTable

from lakehouse.builds.state import production_state
from lakehouse.errors import TableError
from lakehouse.lineage.project import read_manifest
from lakehouse.settings import Settings
from lakehouse.spark import spark_session

__all__ = [
    "BesideDuckdb",
    "HeavyModels",
    "Measured",
    "heaviest_marts",
    "overtakes_at",
    "run_beside_duckdb",
    "run_in_duckdb",
]

_COUNT = 5


@dataclass(frozen=True)
class BesideDuckdb:
    """Seconds of the same queries in both engines.

    Attributes:
        rows: purchases that had landed.
        spark_seconds: model -> seconds in Spark.
        duckdb_seconds: model -> seconds in DuckDB.
    """

    rows: int
    spark_seconds: dict[str, float]
    duckdb_seconds: dict[str, float]

    @property
    def spark_total(self) -> float:
        """Seconds of all queries in Spark."""
        return sum(self.spark_seconds.values())

    @property
    def duckdb_total(self) -> float:
        """Seconds of all queries in DuckDB."""
        return sum(self.duckdb_seconds.values())


class Measured(NamedTuple):
    """The second run of a query.

    Attributes:
        seconds: how long it took, its result written.
        rows: of its result.
    """

    seconds: float
    rows: int


@dataclass(frozen=True)
class HeavyModels:
    """The marts to compare, with what their queries read.

    Attributes:
        names: unique ids, the slowest first.
        nodes: unique id -> node or source of dbt's manifest, with its compiled SQL.
    """

    names: tuple[str, ...]
    nodes: Mapping[str, Mapping[str, Any]]


def heaviest_marts(settings: Settings, count: int = _COUNT) -> HeavyModels:
    """The marts that took dbt the longest in the last good build, which should be a full one.

    Those that say they may be empty are left out: a benchmark's lakehouse has no stream and no
    predictions.

    Args:
        settings: of the lakehouse.
        count: how many at the most; what that build left alone comes last.

    Raises:
        TableError: there is no good build.
    """
    manifest = read_manifest(settings)
    results = json.loads((production_state(settings) / "run_results.json").read_text())["results"]
    seconds = {each["unique_id"]: each["execution_time"] for each in results}
    nodes = manifest["nodes"] | manifest["sources"]

    def is_compared(name: str) -> bool:
        node = nodes[name]
        return (
            node["resource_type"] == "model"
            and node["fqn"][1] == "marts"
            and node["config"]["materialized"] != "view"
            and "may_be_empty" not in node["config"]["meta"]
        )

    marts = sorted(filter(is_compared, nodes), key=lambda name: -seconds.get(name, 0.0))
    return HeavyModels(tuple(marts[:count]), nodes)


def run_beside_duckdb(
    heavy: HeavyModels, rows: int, settings: Settings, memory: str
) -> BesideDuckdb:
    """Run the marts' queries in both engines on the tables as they stand; no server may run.

    Raises:
        TableError: the engines do not agree on the number of rows of a mart.
    """
    (settings.var_dir / "beside_duckdb").mkdir(exist_ok=True)
    spark = _run_in_spark(heavy, settings)
    duck = run_in_duckdb(heavy, settings, memory)
    for name in heavy.names:
        if spark[name].rows != duck[name].rows:
            raise TableError(
                f"{name} has {spark[name].rows:,} rows in Spark and {duck[name].rows:,} in DuckDB: "
                "the queries are not the same, so their seconds say nothing"
            )
    return BesideDuckdb(rows, _seconds(heavy, spark), _seconds(heavy, duck))


def _run_in_spark(heavy: HeavyModels, settings: Settings) -> dict[str, Measured]:
    overrides = {"spark__sql__catalogImplementation": "hive"}
    session = spark_session("beside-duckdb", settings, **overrides)

    def run(name: str) -> int:
        path = str(settings.var_dir / "beside_duckdb" / name)
        query = session.sql(heavy.nodes[name]["compiled_code"])
        query.write.format("delta").mode("overwrite").save(path)
        return DeltaTable(path).count()

    measured = {name: _measure(run, name) for name in heavy.names}
    session.stop()
    return measured


def run_in_duckdb(heavy: HeavyModels, settings: Settings, memory: str) -> dict[str, Measured]:
    """Run the marts' queries in DuckDB, on the tables' files.

    Args:
        heavy: which marts.
        settings: of the lakehouse.
        memory: DuckDB's limit, such as ``4GB``.
    """
    folder = settings.var_dir / "beside_duckdb"
    folder.mkdir(exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{memory}'")
        connection.execute(f"set threads = {os.cpu_count()}")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set temp_directory = '{folder}'")

        def run(name: str) -> int:
            query = _duckdb_sql(heavy.nodes[name]["compiled_code"])
            path = folder / f"{name}.parquet"
            return connection.execute(f"copy ({query}) to '{path}' (format parquet)").fetchone()[0]

        known: set[str] = set()
        for name in heavy.names:
            for parent in heavy.nodes[name]["depends_on"]["nodes"]:
                _show(parent, heavy.nodes, connection, settings, known)
        return {name: _measure(run, name) for name in heavy.names}


def _seconds(heavy: HeavyModels, measured: Mapping[str, Measured]) -> dict[str, float]:
    return {heavy.nodes[name]["name"]: measured[name].seconds for name in heavy.names}


def _measure(run: Callable[[str], int], name: str) -> Measured:
    run(name)
    started = time.monotonic()
    rows = run(name)
    return Measured(time.monotonic() - started, rows)


def _duckdb_sql(query: str) -> str:
    return sqlglot.transpile(
        query, read="spark", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE
    )[0]


def _show(
    name: str,
    nodes: Mapping[str, Mapping[str, Any]],
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    known: set[str],
) -> None:
    """Make a table of the lakehouse a view in DuckDB; a view of dbt by its query."""
    if name in known:
        return
    known.add(name)
    node = nodes[name]
    table = node.get("identifier") or node["alias"]
    if node.get("config", {}).get("materialized") == "view":
        for parent in node["depends_on"]["nodes"]:
            _show(parent, nodes, connection, settings, known)
        query = _duckdb_sql(node["compiled_code"])
    else:
        stored = DeltaTable(settings.table_path(node["schema"], table))
        if files := stored.file_uris():
            query = f"select * from read_parquet({files}, hive_partitioning = true)"  # noqa: S608
        else:
            # Without a file nothing but Delta's log knows the columns.
            connection.register(f"empty_{name}", stored.to_pyarrow_table())
            query = f'select * from "empty_{name}"'  # noqa: S608
    connection.execute(f"create schema if not exists {node['schema']}")
    connection.execute(f"create view {node['schema']}.{table} as {query}")


def overtakes_at(measured: list[BesideDuckdb]) -> int | None:
    """Rows of the smallest lakehouse from which on Spark is the faster, None if of none.

    >>> overtakes_at([BesideDuckdb(10, {"a": 2.0}, {"a": 1.0})]) is None
    True
    """
    ahead = None
    for one in sorted(measured, key=lambda each: -each.rows):
        if one.spark_total >= one.duckdb_total:
            break
        ahead = one.rows
    return ahead
