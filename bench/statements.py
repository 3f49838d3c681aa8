"""The SQL that a dbt run sent, taken from its log, and run again without dbt."""

import json
import time
from pathlib import Path

from lakehouse.settings import Settings
from lakehouse.spark import spark_session

__all__ = ["read_statements", "run_bare"]


def read_statements(log: Path) -> list[str]:
    """Statements in the order in which dbt sent them, from a log written as JSON lines."""
    statements = []
    for line in log.read_text().splitlines():
        event = json.loads(line)
        if event["info"]["name"] == "SQLQuery":
            statements.append(event["data"]["sql"].strip().rstrip(";"))
    return statements


def run_bare(statements: list[str], settings: Settings) -> float:
    """Run statements one after the other in one Spark session; return the seconds they took.

    Results are fetched, as dbt fetches them. The start of the session is not counted, as the
    start of the server is not counted for dbt.
    """
    overrides = {"spark__sql__catalogImplementation": "hive"}
    session = spark_session("bare-sql", settings, **overrides)
    started = time.monotonic()
    for statement in statements:
        session.sql(statement).collect()
    seconds = time.monotonic() - started
    session.stop()
    return seconds
