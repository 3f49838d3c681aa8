"""What the streaming job tells about itself while it runs: one small file, replaced each second.

``python -m streaming.health`` prints it, and exits with 1 unless all is well.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from lakehouse.console import run_app
from lakehouse.settings import Settings, settings

__all__ = [
    "Wait",
    "answers",
    "describe",
    "health_path",
    "main",
    "read_health",
    "write_health",
]

# The job writes each second; a batch on a busy machine may hold it up for a while.
_STALE_SECONDS = 30
# Batches take seconds; the longest, a first one over all history, reports within minutes.
_HANGS_SECONDS = 300

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
console = Console()


def health_path(settings: Settings) -> Path:
    """Where the job writes."""
    return settings.var_dir / "stream" / "health.json"


def write_health(
    path: Path, pid: int, queries: Mapping[str, Mapping[str, Any]], notes: Mapping[str, str]
) -> None:
    """Replace the file as a whole, so that a reader never sees half of it.

    Args:
        path: of the file.
        pid: process id of the job.
        queries: newest progress of each query, by its name.
        notes: what else people are told, by its subject.
    """
    partial = path.with_suffix(".partial")
    report = {"pid": pid, "at": time.time(), "queries": queries, "notes": notes}
    partial.write_text(json.dumps(report))
    partial.replace(path)


def read_health(path: Path) -> dict[str, Any] | None:
    """The newest report, or None when there is none."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def answers(settings: Settings) -> bool:
    """Whether a job runs now, with all its queries."""
    return _problem(read_health(health_path(settings)), time.time()) is None


def describe(report: dict[str, Any] | None, now: float) -> tuple[list[str], bool]:
    """What people are told: a line for the job, one for each query and note; and if all is well.

    Args:
        report: the newest report of the job, or None when there is none.
        now: seconds since 1970.
    """
    problem = _problem(report, now)
    lines = [f"streaming job: {problem or 'runs'}"]
    if report is not None:
        lines += [_line(name, query) for name, query in report["queries"].items()]
        lines += [f"{name}: {note}" for name, note in report["notes"].items()]
    return lines, problem is None


class Wait:
    """Waits until every query has done all that stood in Kafka when the wait began.

    A report tells of a query's last trigger, so one that was planned before says nothing of what
    came since. First the queries that read Kafka must have planned one and be at its end, then
    those that read bronze must have looked again and found nothing.
    """

    def __init__(self, since: float) -> None:
        """Begin at an instant, in seconds since 1970."""
        self._since = since
        self._landed_at: float | None = None

    def is_over(self, report: dict[str, Any] | None, now: float) -> bool:
        """Look at the newest report of the job, at an instant that is not before it."""
        queries = list(report["queries"].values()) if report else []
        if not queries or any(query["batch"] is None for query in queries):
            return False
        if self._landed_at is None and all(
            _planned_at(query) >= self._since and not query["lag_offsets"]
            for query in queries
            if not _reads_bronze(query)
        ):
            self._landed_at = now
        return self._landed_at is not None and all(
            _planned_at(query) >= self._landed_at and not query["rows"]
            for query in queries
            if _reads_bronze(query)
        )


def _reads_bronze(query: Mapping[str, Any]) -> bool:
    return query["lag_offsets"] is None


def _planned_at(query: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(query["at"]).timestamp()


def _problem(report: dict[str, Any] | None, now: float) -> str | None:
    if report is None:
        return "stopped; start it with `python -m lakehouse up kafka stream`"
    if not psutil.pid_exists(report["pid"]):
        return f"stopped without a farewell; process {report['pid']} is gone"
    if now - report["at"] >= _STALE_SECONDS:
        return f"stale; its last report is {now - report['at']:.0f} s old"
    if not report["queries"]:
        return "starting; no query runs yet"
    problems = (_problem_of(name, query) for name, query in report["queries"].items())
    return "; ".join(problem for problem in problems if problem) or None


def _problem_of(name: str, query: Mapping[str, Any]) -> str | None:
    if query["needs_person"]:
        return f"{name} needs a person: {query['failure']}"
    if query["failure"]:
        return f"{name} failed and is tried again: {query['failure']}"
    if not query["is_active"]:
        return f"stopped in part: {name}"
    if query["silent_seconds"] >= _HANGS_SECONDS:
        return f"{name} hangs: no progress for {query['silent_seconds']:.0f} s"
    return None


def _line(name: str, query: Mapping[str, Any]) -> str:
    if query["failure"]:
        return f"{name}: {query['failure']}"
    state = "runs" if query["is_active"] else "stopped"
    if query["batch"] is None:
        return f"{name}: {state}, no batch yet"
    lag = query["lag_offsets"]
    behind = "" if lag is None else f"{lag:,} records and "
    return (
        f"{name}: {state}, batch {query['batch']} at {query['at']}, {query['rows']:,} rows, "
        f"{query['rows_per_second']:,.0f} per second, {behind}{query['lag_seconds']:.1f} s behind"
    )


@app.command(epilog="Exit code 0: the job runs with all its queries; 1: it does not")
def show(
    wait: Annotated[
        float, typer.Option(min=0, help="Wait up to so many seconds until all that came is done")
    ] = 0.0,
) -> None:
    """Tell how the streaming job is: one line for each query."""
    deadline, waiting = time.monotonic() + wait, Wait(time.time())
    while time.monotonic() < deadline and answers(settings()):
        if waiting.is_over(read_health(health_path(settings())), time.time()):
            break
        time.sleep(0.5)
    lines, is_well = describe(read_health(health_path(settings())), time.time())
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(0 if is_well else 1)


def main() -> None:
    """Run the command; an error that the user can mend is one line and exit code 2."""
    run_app(app)


if __name__ == "__main__":
    main()
