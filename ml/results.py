"""The flat figures of the newest runs: ``var/results/ml.json``."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from lakehouse.settings import Settings

__all__ = ["merge_results", "read_results", "results_path"]


def results_path(settings: Settings) -> Path:
    """Where the figures of the models stand."""
    return settings.var_dir / "results" / "ml.json"


def read_results(settings: Settings) -> dict[str, float | int | str]:
    """The figures so far; empty before the first run."""
    path = results_path(settings)
    return json.loads(path.read_text()) if path.exists() else {}


def merge_results(figures: Mapping[str, float | int | str], settings: Settings) -> None:
    """Add the figures of a run to those of other tasks, and replace those that it measured anew.

    Figures of another kind of data are dropped: real and synthetic ones never stand side by side.

    Args:
        figures: flat; ``data`` is 'real' or 'synthetic'.
        settings: the project's settings.
    """
    path = results_path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):
        before = read_results(settings)
        kept = before if before.get("data") == figures["data"] else {}
        fresh = path.with_suffix(".json.new")
        fresh.write_text(json.dumps(kept | dict(figures), indent=2, sort_keys=True) + "\n")
        os.replace(fresh, path)  # noqa: PTH105  (atomic, and readers see one of the two)
