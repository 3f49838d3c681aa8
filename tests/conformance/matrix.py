"""The matrix of docs/conformance.md: what each of dbt's test classes comes to on each target."""

import ast
import importlib
import inspect
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import dbt.tests.adapter
import pytest
from conformance.connection import TARGETS
from conformance.known import FAILURES, NOT_APPLICABLE, Failure

from lakehouse.settings import PROJECT_DIR

__all__ = ["DOCUMENT", "OUTCOMES_FILE", "Outcomes", "document", "our_classes", "upstream_classes"]

DOCUMENT = PROJECT_DIR / "docs" / "conformance.md"
OUTCOMES_FILE = PROJECT_DIR / "var" / "results" / "conformance.json"

_HERE = Path(__file__).parent
_UPSTREAM = "dbt.tests.adapter"


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
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        if outcome == "passed" and report.when != "call":
            return
        if self.outcomes.get(test_id) != "failed":
            self.outcomes[test_id] = outcome

    def write(self, path: Path, target: str) -> None:
        """Write them beside those of other targets, and of tests that did not run this time.

        Args:
            path: a JSON file; of this target the tests of this run are replaced.
            target: one of the names of targets.
        """
        written = json.loads(path.read_text()) if path.exists() else {}
        before = written.get(target, {"outcomes": {}, "seconds": {}})
        written[target] = {
            "outcomes": before["outcomes"] | self.outcomes,
            "seconds": before["seconds"] | self.seconds,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(written, indent=2))


def our_classes() -> dict[str, list[str]]:
    """Test classes here, by module: each entry is a class that has the tests of one of dbt's."""
    found: dict[str, list[str]] = {}
    for path in sorted(_HERE.glob("test_*.py")):
        tree = ast.parse(path.read_text())
        names = [
            node.name
            for node in tree.body
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
        ]
        if names:
            found[path.stem] = names
    return found


def upstream_classes() -> dict[str, type]:
    """Classes of dbt's test package that have tests and are no test class of PostgreSQL's."""
    found = {}
    for folder in dbt.tests.adapter.__path__:
        for path in sorted(Path(folder).rglob("*.py")):
            # Not by pkgutil: most of the folders are no packages.
            within = ".".join(path.relative_to(folder).with_suffix("").parts)
            module = importlib.import_module(f"{_UPSTREAM}.{within}")
            for name, one in inspect.getmembers(module, inspect.isclass):
                if one.__module__ == module.__name__ and is_for_adapters(name, one):
                    found[f"{within}.{name}"] = one
    return found


def is_for_adapters(name: str, one: type) -> bool:
    """Whether a class has tests and is none of those that run them on PostgreSQL."""
    return not name.startswith("Test") and any(test.startswith("test_") for test in dir(one))


def upstream_of(module: str, name: str) -> list[str]:
    """Upstream classes that one of ours is made of, as `upstream_classes` names them."""
    one = getattr(importlib.import_module(f"conformance.{module}"), name)
    return [
        f"{base.__module__.removeprefix(_UPSTREAM + '.')}.{base.__name__}"
        for base in inspect.getmro(one)
        if base.__module__.startswith(_UPSTREAM)
    ]


def class_of(test_id: str) -> str:
    return "::".join(test_id.split("::")[:2])


def cell(outcomes: dict[str, str], class_id: str) -> str:
    """What one class came to, in a word, with counts where its tests differ."""
    counts = Counter(
        outcome for test_id, outcome in outcomes.items() if class_of(test_id) == class_id
    )
    words = {"passed": "passes", "xfailed": "fails upstream", "failed": "**fails**"}
    if len(counts) == 1:
        return words[next(iter(counts))]
    told = [f"{counts[key]} {word}" for key, word in words.items() if counts[key]]
    return ", ".join(told) or "not run"


def classes_not_run(written: dict[str, dict]) -> int:
    """How often a class has no outcome on a target."""
    return sum(
        cell(run["outcomes"], f"{module}::{name}") == "not run"
        for run in written.values()
        for module, names in our_classes().items()
        for name in names
    )


def failure_line(test_id: str, failure: Failure) -> str:
    where = "" if len(failure.targets) == len(TARGETS) else f" ({', '.join(failure.targets)} only)"
    link = (
        f"[{failure.link.partition('github.com/')[2]}]({failure.link})"
        if failure.link
        else ("no issue found; reproduced here")
    )
    return f"| `{test_id}`{where} | {failure.reason} | {link} |"


def document(written: dict[str, dict]) -> str:
    """The whole page.

    Args:
        written: what `Outcomes.write` left behind, by target.
    """
    lines = [
        "# Conformance",
        "",
        "dbt Labs publish the tests that each adapter has to pass, `dbt-tests-adapter` "
        f"({version('dbt-tests-adapter')}).",
        "`make test-conformance` runs them against this project's Spark with Delta, in projects",
        "that hold this project's macros, and writes this page. What they prove: whoever knows dbt",
        "knows this project. How they run and what is adapted:",
        "[decision 26](decisions/0026-conformance.md).",
        "",
        "| target | tests | pass | fail for an upstream reason | fail | minutes |",
        "|---|---|---|---|---|---|",
    ]
    for target in TARGETS:
        run = written[target]
        counts = Counter(run["outcomes"].values())
        lines.append(
            f"| `{target}` | {len(run['outcomes'])} | {counts['passed']} | {counts['xfailed']} | "
            f"{counts['failed']} | {sum(run['seconds'].values()) / 60:.0f} |"
        )
    lines += [
        "",
        "`thrift` is the server that `make up` starts, `session` Spark in dbt's own process.",
        "",
    ]
    missing = classes_not_run(written)
    if missing:
        lines += [
            f"**The newest run was cut short**: {missing} times a class did not run on a target.",
            "What this page says of those below is an expectation.",
            "",
        ]
    lines.append("## What each class comes to")
    for module, names in our_classes().items():
        title = module.removeprefix("test_").replace("_", " ").capitalize()
        lines += ["", f"### {title}", "", "| class | thrift | session |", "|---|---|---|"]
        for name in names:
            cells = [cell(written[target]["outcomes"], f"{module}::{name}") for target in TARGETS]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "## What fails upstream",
        "",
        "Each of these is expected to fail, with the message that is known; one that passes is an "
        "error.",
        "",
        "| test | reason | issue |",
        "|---|---|---|",
        *(failure_line(test_id, failure) for test_id, failure in sorted(FAILURES.items())),
        "",
        "## What does not apply",
        "",
        "| class of dbt-tests-adapter | reason |",
        "|---|---|",
        *(f"| `{name}` | {reason} |" for name, reason in sorted(NOT_APPLICABLE.items())),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page from the outcomes of the newest run of each target."""
    written = json.loads(OUTCOMES_FILE.read_text())
    missing = set(TARGETS) - set(written)
    if missing:
        sys.exit(f"{OUTCOMES_FILE} holds nothing of {sorted(missing)}; run `make test-conformance`")
    DOCUMENT.write_text(document(written))


if __name__ == "__main__":
    main()
