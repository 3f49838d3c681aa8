"""Set-up statements of dbt's tests, written for PostgreSQL, as Spark with Delta reads them.

Only what a test runs beside dbt is translated: tables that it creates, fills and changes by hand.
What dbt builds, its models, seeds and snapshots, is left as upstream wrote it.
"""

import re

__all__ = ["spark_statements"]

_REPLACEMENTS = (
    # Spark's tables have a schema, and no database above it: `None` where upstream fills it in.
    (r"(?:\{database\}|\bNone)\.", ""),
    # Names of columns, where upstream quotes them; a value is in single quotes.
    (r'"(\w+)"', r"`\1`"),
    (r"\bTIMESTAMP WITHOUT TIME ZONE\b", "TIMESTAMP"),
    (r"::text\b", "::string"),
    (r"(\S+\s+)TEXT(?=\s*[,)\n])", r"\1STRING"),
    # The ANSI rules of assignment turn no text into a time by themselves.
    (r"(?<!timestamp )('\d{4}-\d\d-\d\d \d\d:\d\d:\d\d')", r"timestamp \1"),
    # Delta adds columns without defaults only.
    (r"(add column \w+ [\w()]+)\s+default\s+('[^']*'|null)", r"\1"),
    # A table is Parquet unless it says otherwise, and Parquet knows no update.
    (r"^(\s*create table (?:if not exists )?[\w.{}]+\s*\(.*\))\s*$", r"\1 using delta"),
    (r"^(\s*create table (?:if not exists )?[\w.{}]+)(\s+as\s)", r"\1 using delta\2"),
)


def spark_statements(sql: str) -> list[str]:
    """The statements of a script, one after the other, in Spark's dialect.

    Args:
        sql: statements that semicolons at the ends of lines keep apart.

    Example: ``create table t (a TEXT);`` becomes ``create table t (a STRING) using delta``.
    """
    statements = [text for text in re.split(r";\s*(?:\n|$)", sql) if text.strip()]
    for pattern, replacement in _REPLACEMENTS:
        statements = [
            re.sub(pattern, replacement, text, flags=re.IGNORECASE | re.DOTALL)
            for text in statements
        ]
    return statements
