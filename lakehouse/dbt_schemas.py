"""Dropping the schemas of a person or of a check, when they are no longer needed."""

import re

from lakehouse.dbt import run_dbt
from lakehouse.errors import TableError
from lakehouse.settings import Settings
from lakehouse.tables import LAYERS

__all__ = ["drop_prefixed_schemas"]

_PREFIX = re.compile(r"[a-z][a-z0-9_]*")
# Names that a prefix must not have: schemas that everyone reads.
_SHARED = {*LAYERS, "staging", "audit", "default"}


def drop_prefixed_schemas(settings: Settings, prefix: str) -> None:
    """Drop the schemas ``<prefix>_<layer>`` that dbt builds, with their tables and files.

    Only these: ``ci_1`` leaves ``ci_1_2_marts`` alone.

    Raises:
        TableError: the prefix is empty, no name, or a schema of production; or dbt cannot drop one.
    """
    if not _PREFIX.fullmatch(prefix) or prefix in _SHARED:
        raise TableError(
            f"{prefix!r} is no prefix of schemas that may be dropped. Give that of a person or of "
            "a check, as dev_anna or ci_4711"
        )
    of_prefix = settings.model_copy(update={"dbt_schema": prefix})
    done = run_dbt(["run-operation", "drop_schemas"], of_prefix, target="dev", capture=True)
    if done.returncode != 0:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise TableError(
            f"The schemas {prefix}_... cannot be dropped: {lines[-1].strip()}. Start the server "
            "with `make up`, then run the command again"
        )
