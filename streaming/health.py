"""What the streaming job tells about itself while it runs: one small file, replaced each second."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from lakehouse.settings import Settings

__all__ = ["answers", "health_path", "read_health", "write_health"]

# The job writes each second; a batch on a busy machine may hold it up for a while.
_STALE_SECONDS = 30


def health_path(settings: Settings) -> Path:
    """Where the job writes."""
    return settings.var_dir / "stream" / "health.json"


def write_health(path: Path, pid: int, queries: Mapping[str, Mapping[str, Any]]) -> None:
    """Replace the file as a whole, so that a reader never sees half of it.

    Args:
        path: of the file.
        pid: process id of the job.
        queries: newest progress of each query, by its name.
    """
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": pid, "at": time.time(), "queries": queries}))
    partial.replace(path)


def read_health(path: Path) -> dict[str, Any] | None:
    """The newest report, or None when there is none."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def answers(settings: Settings) -> bool:
    """Whether a job runs now, with all its queries."""
    report = read_health(health_path(settings))
    return (
        report is not None
        and time.time() - report["at"] < _STALE_SECONDS
        and psutil.pid_exists(report["pid"])
        and bool(report["queries"])
        and all(query["is_active"] for query in report["queries"].values())
    )
