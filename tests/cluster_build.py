"""A build whose tables are to be compared with those of another server."""

import time
from datetime import UTC, datetime
from pathlib import Path

from lakehouse.data.landing import land
from lakehouse.data.source import find_source
from lakehouse.dbt import run_dbt
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.settings import Settings

__all__ = ["build"]

_LANDED_AT = datetime(2018, 11, 23, 12, tzinfo=UTC)
# Models, seeds and snapshots: what their data tests say follows from the tables.
_BUILD = ("build", "--quiet", "--exclude-resource-type", "unit_test", "test")


def build(settings: Settings) -> float:
    """Land the synthetic purchases and build all tables; the seconds of the build."""
    ensure_registered_tables(settings)
    source = find_source(settings, raw_dir=Path("nowhere"), report=print)
    table = settings.table_path("bronze", "csv_purchases")
    # The same instant in both, as it goes on into the tables.
    land(source.path, table_path=table, data_kind="synthetic", clock=lambda: _LANDED_AT)
    began = time.monotonic()
    done = run_dbt([*_BUILD, "--no-use-colors"], settings, capture=True)
    assert done.returncode == 0, done.stdout[-3000:]
    return time.monotonic() - began
