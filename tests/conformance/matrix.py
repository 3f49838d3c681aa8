"""The matrix of docs/conformance.md: what each of dbt's test classes comes to on each target."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

__all__ = ["Outcomes"]


@dataclass
class Outcomes:
    """What the tests of one run came to.

    Attributes:
        outcomes: test id to ``passed``, ``failed`` or ``xfailed``.
        seconds: test id to what its phases took together.
    """

    outcomes: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, test_id: str, report: pytest.TestReport) -> None:
        """Take in the report of one phase; a failure of any phase is one of the test."""
        self.seconds[test_id] = self.seconds.get(test_id, 0.0) + report.duration
        outcome = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xfailed"
        if outcome == "passed" and report.when != "call":
            return
        if self.outcomes.get(test_id) != "failed":
            self.outcomes[test_id] = outcome

    def write(self, path: Path, target: str) -> None:
        """Write them beside those of other targets.

        Args:
            path: a JSON file, of which the part of this target is replaced.
            target: name of the profile's output.
        """
        written = json.loads(path.read_text()) if path.exists() else {}
        written[target] = {"outcomes": self.outcomes, "seconds": round(sum(self.seconds.values()))}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(written, indent=2))
