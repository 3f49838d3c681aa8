"""How old the newest readable event of a table is, from what its log says of each commit."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np

__all__ = ["Freshness"]


class Freshness:
    """When the commits of one table became readable, and the newest event time in each of them.

    The moment of a commit is when its file appeared in the table's log; the newest event time is
    what the statistics of its files say. No data file is read, so a table may be large.
    """

    def __init__(self, readable_at: np.ndarray, newest: np.ndarray) -> None:
        order = np.argsort(readable_at)
        self._readable_at = readable_at[order]
        self._newest = np.maximum.accumulate(newest[order])

    @classmethod
    def read(cls, root: Path, column: str) -> "Freshness":
        """Read the log of a table.

        Args:
            root: folder of the table.
            column: with the event times; the log has statistics of it.
        """
        commits = []
        for commit in (root / "_delta_log").glob("*.json"):
            times = [
                _seconds(stats["maxValues"][column])
                for stats in _statistics(commit)
                if column in stats.get("maxValues", {})
            ]
            if times:
                commits.append((commit.stat().st_mtime, max(times)))
        found = np.array(commits).reshape(-1, 2)
        return cls(found[:, 0], found[:, 1])

    def lags(self, moments: np.ndarray) -> np.ndarray:
        """How old the newest event was that a reader saw, at moments in seconds since 1970.

        NaN before the first commit.
        """
        seen = np.searchsorted(self._readable_at, moments, side="right")
        return moments - np.insert(self._newest, 0, np.nan)[seen]

    def latencies(self, times: np.ndarray) -> np.ndarray:
        """Seconds until events of these times were readable; infinite if they never were.

        It takes events as they come in order of time, as those of one steady producer do.
        """
        first = np.searchsorted(self._newest, times, side="left")
        known = first < len(self._newest)
        readable_at = np.append(self._readable_at, np.inf)[first]
        return np.where(known, readable_at - times, np.inf)


def _statistics(commit: Path) -> list[dict]:
    """Those of the files that a commit added, unless it only moved rows."""
    added = (json.loads(line).get("add") for line in commit.read_text().splitlines())
    return [json.loads(file["stats"]) for file in added if file and file["dataChange"]]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
