"""The state of production: what the last good build was made from, and a failed one after it.

Folders under ``var/dbt``, each with manifest.json, run_results.json, sources.json, conditions.json
and, of what was built since they are counted, costs.json:
    prod: of the last build that succeeded; ``--defer --state var/dbt/prod`` reads it too.
    failed: of the newest attempt since, if it failed.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lakehouse.builds.carry_over import COSTS
from lakehouse.settings import Settings

__all__ = [
    "BuildState",
    "artifacts_folder",
    "drop_state",
    "keep_failed",
    "keep_good",
    "production_state",
    "read_good_state",
    "read_state",
]

_MANIFEST, _RESULTS, _SOURCES = "manifest.json", "run_results.json", "sources.json"
_CONDITIONS = "conditions.json"
_ARTIFACTS = (_MANIFEST, _RESULTS, _SOURCES)


@dataclass(frozen=True)
class BuildState:
    """What a finished attempt left.

    Attributes:
        folder: where it stands, for dbt's ``--state``.
        is_good: whether the attempt succeeded.
        results: run_results.json.
        sources: sources.json, taken before that attempt began.
        conditions: what dbt's ``state:modified`` does not compare; see
            :func:`lakehouse.builds.conditions.read_conditions`.
    """

    folder: Path
    is_good: bool
    results: dict[str, Any]
    sources: dict[str, Any]
    conditions: dict[str, Any]


def artifacts_folder(settings: Settings) -> Path:
    """Where a production build lets dbt write, apart from what dbt by hand writes."""
    return settings.var_dir / "dbt" / "build"


def production_state(settings: Settings) -> Path:
    """Folder of the last good production build."""
    return settings.var_dir / "dbt" / "prod"


def _failed(settings: Settings) -> Path:
    return settings.var_dir / "dbt" / "failed"


def read_state(settings: Settings) -> BuildState | None:
    """The state to build on: of a failed attempt if there is one, else of the last good build.

    Returns:
        None when there is neither, or only one that is not whole.
    """
    return _read(_failed(settings), is_good=False) or read_good_state(settings)


def read_good_state(settings: Settings) -> BuildState | None:
    """The state of the last good build; None when there is none that is whole."""
    return _read(production_state(settings), is_good=True)


def _read(folder: Path, *, is_good: bool) -> BuildState | None:
    # A process that ended between the two renames of `_replace` has left the old one aside.
    if not folder.exists() and _outgoing(folder).exists():
        _outgoing(folder).rename(folder)
    try:
        return BuildState(
            folder=folder,
            is_good=is_good,
            results=json.loads((folder / _RESULTS).read_text()),
            sources=json.loads((folder / _SOURCES).read_text()),
            conditions=json.loads((folder / _CONDITIONS).read_text()),
        )
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def keep_good(artifacts: Path, conditions: dict[str, Any], settings: Settings) -> None:
    """Keep the artifacts of a build that succeeded; a failed attempt before it is forgotten.

    Whenever the process ends, there is the state of before or the new one, never a mixture.
    """
    _replace(production_state(settings), artifacts, conditions)
    shutil.rmtree(_failed(settings), ignore_errors=True)


def keep_failed(artifacts: Path, conditions: dict[str, Any], settings: Settings) -> None:
    """Keep the artifacts of an attempt that failed, for the next one to go on from there."""
    _replace(_failed(settings), artifacts, conditions)


def drop_state(settings: Settings) -> None:
    """Forget what was built, so that the next build builds everything.

    Whoever changes tables behind dbt's back calls this before the first change.
    """
    for folder in (_failed(settings), production_state(settings)):
        for each in (folder, _incoming(folder), _outgoing(folder)):
            shutil.rmtree(each, ignore_errors=True)


def _incoming(folder: Path) -> Path:
    return folder.with_suffix(".new")


def _outgoing(folder: Path) -> Path:
    return folder.with_suffix(".old")


def _replace(folder: Path, artifacts: Path, conditions: dict[str, Any]) -> None:
    new, old = _incoming(folder), _outgoing(folder)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    new.mkdir(parents=True)
    for name in _ARTIFACTS:
        shutil.copyfile(artifacts / name, new / name)
    if (artifacts / COSTS).exists():
        shutil.copyfile(artifacts / COSTS, new / COSTS)
    (new / _CONDITIONS).write_text(json.dumps(conditions, indent=1))
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
