"""One refresh: what `make refresh` does, for a timer to start."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deltalake import DeltaTable
from rich.console import Console

from lakehouse.build import build
from lakehouse.builds.changes import late_sources
from lakehouse.builds.plan import read_graph
from lakehouse.builds.production import BuildOptions
from lakehouse.builds.source_rows import count_source_rows
from lakehouse.builds.state import artifacts_folder
from lakehouse.errors import LakehouseError, ModelError
from lakehouse.maintenance.good_states import GoodState, PinnedVersion, read_good_states
from lakehouse.publish.record import read_publication
from lakehouse.refresh.alerts import Alert, send
from lakehouse.refresh.volumes import judge_volumes
from lakehouse.settings import PROJECT_DIR, Settings
from lakehouse.tables import TableName

__all__ = ["are_predictions_due", "refresh", "source_alerts"]

# What models read of the published state, and the tables in which their answers stand.
_READ_BY_MODELS = "features"
_OF_MODELS = (
    *("purchase_predictions", "customer_segments", "product_recommendations"),
    "high_value_customers",
)


def refresh(settings: Settings, console: Console) -> None:
    """Land, build what is needed, publish, score when due, build on that, and send alerts.

    Raises:
        LakehouseError: a step failed, after the alerts are sent; readers are where they were.
    """
    alerts: list[Alert] = []
    try:
        _build(settings, console, alerts)
        alerts += source_alerts(settings)
        if are_predictions_due(settings):
            _score(settings, console, alerts)
    finally:
        send(alerts, settings, lambda line: console.print(line, soft_wrap=True, markup=False))


def _build(settings: Settings, console: Console, alerts: list[Alert]) -> None:
    try:
        build(settings, console, BuildOptions())
    except LakehouseError as error:
        alerts.append(Alert("failed_publish", f"Nothing new is published: {error}"))
        raise


def source_alerts(settings: Settings) -> list[Alert]:
    """Sources that are staler than they may be, or got an unusual number of new rows.

    Rests on what the newest build asked its sources.
    """
    artifacts = artifacts_folder(settings)
    graph = read_graph(json.loads((artifacts / "manifest.json").read_text()))
    sources = json.loads((artifacts / "sources.json").read_text())
    stale = [Alert("stale_source", line) for line in late_sources(sources, graph)]
    asked = [result["unique_id"] for result in sources["results"]]
    counted = count_source_rows(graph, asked, settings)
    rows = {graph[name].label: count for name, count in counted.items()}
    return [*stale, *judge_volumes(rows, settings)]


def are_predictions_due(settings: Settings) -> bool:
    """Whether models have answered before, and for other features than are published now."""
    publication = read_publication(settings)
    tables = [settings.table_path("predictions", table) for table in _OF_MODELS]
    if publication is None or not any(map(_has_rows, tables)):
        return False
    note = _note(settings)
    scored = int(note.read_text()) if note.exists() else None
    before = [state for state in read_good_states(settings) if state.state_id == scored]
    return not before or _features(before[0]) != _features(publication.state)


def _has_rows(path: str) -> bool:
    return DeltaTable.is_deltatable(path) and DeltaTable(path).count() > 0


def _features(state: GoodState) -> dict[TableName, PinnedVersion]:
    return {name: at for name, at in state.tables.items() if name.schema == _READ_BY_MODELS}


def _note(settings: Settings) -> Path:
    """File with the id of the state that was scored last."""
    return settings.var_dir / "dbt" / "scored_state"


def _score(settings: Settings, console: Console, alerts: list[Alert]) -> None:
    """Score with the champions in a process of its own, then build and publish what reads that."""
    scored = read_publication(settings)
    console.print("Predictions are due: scoring with the champions")
    done = subprocess.run(
        [sys.executable, "-m", "ml", "score", "all"],
        cwd=PROJECT_DIR,
        env=os.environ | settings.as_environment(),
        check=False,
    )
    if done.returncode != 0:
        words = "The predictions are those of before, as scoring failed: `python -m ml score all`"
        alerts.append(Alert("failed_predictions", words))
        raise ModelError(words)
    _build(settings, console, alerts)
    _note(settings).parent.mkdir(parents=True, exist_ok=True)
    _note(settings).write_text(f"{scored.state.state_id}\n")
