"""What a benchmark leaves: its figures, and its section of `docs/benchmarks.md`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from lakehouse.settings import PROJECT_DIR, Settings

__all__ = ["replace_section", "write_results", "write_section"]

_DOCUMENT = PROJECT_DIR / "docs" / "benchmarks.md"


def replace_section(document: str, name: str, section: str) -> str:
    r"""The document with the text between the markers of a section replaced, or added at the end.

    >>> replace_section("# Benchmarks\n", "build", "12 s")
    '# Benchmarks\n\n<!-- build -->\n12 s\n<!-- /build -->\n'
    """
    marked = f"<!-- {name} -->\n{section}\n<!-- /{name} -->"
    pattern = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(document):
        return pattern.sub(lambda _: marked, document)
    return f"{document.rstrip()}\n\n{marked}\n"


def write_section(name: str, section: str) -> None:
    """Put a section into the document on disk."""
    document = _DOCUMENT.read_text() if _DOCUMENT.exists() else "# Benchmarks\n"
    _DOCUMENT.write_text(replace_section(document, name, section))


def write_results(name: str, figures: Mapping[str, object], settings: Settings) -> Path:
    """Write flat figures to ``var/results/<name>.json``; return that path."""
    path = settings.var_dir / "results" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")
    return path
