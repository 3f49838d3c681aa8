"""The producer's own account of what it sent, so that others can hold the tables against it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from simulator.events.faults import FAULTS, Verdict

__all__ = ["Account"]


@dataclass(frozen=True)
class Account:
    """What one run of the producer sent and had acknowledged.

    Attributes:
        started_at: instant of the start, ISO 8601 in UTC.
        seed: seed of the simulated steps and of the faults.
        seconds: from the first message to the last acknowledgement.
        wanted_rate: messages per second asked for; None if not paced by a rate.
        achieved_rate: messages per second sent, from the first to the last one.
        sent: number of messages by topic and kind; the kinds are those of ``events.faults``.
    """

    started_at: str
    seed: int
    seconds: float
    wanted_rate: float | None
    achieved_rate: float
    sent: Mapping[str, Mapping[str, int]]

    @property
    def messages(self) -> int:
        """Number of all messages."""
        return sum(sum(kinds.values()) for kinds in self.sent.values())

    def expected(self, topic: str) -> dict[Verdict, int]:
        """How many messages of a topic must end as accepted, rejected and duplicate."""
        totals: dict[Verdict, int] = {"accepted": 0, "rejected": 0, "duplicate": 0}
        for kind, count in self.sent.get(topic, {}).items():
            totals[FAULTS[kind]] += count
        return totals

    def write(self, folder: Path) -> Path:
        """Write the account to a JSON file of its own, and return where."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.started_at.replace(':', '')}.json"
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path

    @classmethod
    def read(cls, path: Path) -> "Account":
        """Read an account that was written."""
        return cls(**json.loads(path.read_text()))
