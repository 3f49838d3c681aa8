"""`docs/benchmarks.md`: a section for each benchmark, replaced when that benchmark runs again."""

import re

from lakehouse.settings import PROJECT_DIR

__all__ = ["replace_section", "write_section"]

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
