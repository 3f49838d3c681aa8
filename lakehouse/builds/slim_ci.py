"""Slim CI: what differs from production, built beside it in schemas that are dropped again."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from rich.console import Console

from lakehouse.builds.conditions import differences, read_conditions
from lakehouse.builds.session import DbtSession, open_dbt
from lakehouse.builds.state import production_state, read_good_state
from lakehouse.errors import TableError
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.services import supervisor
from lakehouse.settings import Settings

__all__ = ["slim_ci"]

# dbt builds a model after its unit tests, so on empty tables both are told within a minute or two.
_SHAPE = ("--empty", "--exclude-resource-type", "test")
_DATA = ("--exclude-resource-type", "unit_test")
_MODIFIED = ["state:modified+"]
_CHECKED = ("model.", "seed.", "snapshot.", "test.", "unit_test.")


def slim_ci(settings: Settings, console: Console) -> None:
    """Check what differs from the last good production build, and what is built from it.

    First unit tests and contracts, on empty tables; then the data with its tests. Whatever is not
    changed is read from production. All stands in schemas ``ci_<id>_...``, which are dropped at the
    end, however it ends.

    Raises:
        TableError: a step failed.
        ServiceError: the Thrift server does not come up.
    """
    settings = settings.model_copy(update={"dbt_ci_id": settings.dbt_ci_id or uuid4().hex[:8]})
    ensure_registered_tables(settings)
    if not settings.cluster_host:
        supervisor.up(["thrift"], settings, console.print)
    with _ci_session(settings) as session:
        state, why_all = _production(session, settings)
        if state is None:
            console.print(f"Slim CI checks everything, because {why_all}", soft_wrap=True)
        elif not any(name.startswith(_CHECKED) for name in session.select(_MODIFIED, state)):
            console.print("Slim CI: nothing differs from the last good production build")
            return
        selection = [] if state is None else ["--select", *_MODIFIED, "--defer"]
        for what, arguments in {
            "unit tests and contracts, on empty tables": _SHAPE,
            "data and their tests": _DATA,
        }.items():
            console.print(f"Slim CI {settings.dbt_ci_id}: {what}")
            if not session.build([*arguments, *selection], state):
                raise TableError(
                    f"Slim CI failed at {what}; dbt's messages are above and in "
                    f"{settings.var_dir / 'dbt' / 'logs' / 'dbt.log'}. Its schemas are dropped, "
                    "production stands as it was. Mend the cause and run `make ci-slim` again"
                )
    console.print("Slim CI passed.")


def _production(session: DbtSession, settings: Settings) -> tuple[Path | None, str]:
    """Folder of the state to compare with, or None and why everything is to be checked."""
    state = read_good_state(settings)
    if state is None:
        return None, f"there is no production build in {production_state(settings)}"
    manifest = json.loads((session.artifacts / "manifest.json").read_text())
    # A check compares code; which rows production holds is no matter.
    same_tables = {key: state.conditions[key] for key in ("root", "lakehouse")}
    now = read_conditions(manifest, "{}", settings) | same_tables
    found = differences(state.conditions, now)
    return (None, "; ".join(found)) if found else (state.folder, "")


@contextmanager
def _ci_session(settings: Settings) -> Iterator[DbtSession]:
    artifacts = settings.var_dir / "dbt" / f"ci_{settings.dbt_ci_id}"
    try:
        with open_dbt(settings, "ci", artifacts) as session:
            try:
                yield session
            finally:
                session.run_operation("drop_target_schemas")
    finally:
        shutil.rmtree(artifacts, ignore_errors=True)
