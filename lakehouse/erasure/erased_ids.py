"""The list of customers who were erased: their numbers as keyed hashes, asked whenever files land.

It stands beside the tables and not in them, and `make reset` leaves it: the source files that could
bring a customer back are left by it as well.
"""

import hashlib
import hmac
import json
import re
import secrets
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.erasure.customer import CUSTOMER, ERASED, IN_A_FILE
from lakehouse.errors import TableError
from lakehouse.settings import Settings

__all__ = ["ErasedIds", "erased_ids_path", "without_erased"]

_NUMBER = re.compile(r"^\s*\+?0*([0-9]+)(?:\.0+)?\s*$")
_TOKEN = re.compile(r"[0-9]+")


def erased_ids_path(settings: Settings) -> Path:
    """Where the list stands."""
    return settings.var_dir / "erased" / "ids.json"


class ErasedIds:
    """Keyed hashes of erased numbers; the key is of this lakehouse and made with the first one."""

    def __init__(self, path: Path) -> None:
        """Read the list; there may be none yet.

        Raises:
            TableError: the file is not what this class wrote.
        """
        self._path = path
        self._key, self._hashes = secrets.token_hex(32), set()
        if path.exists():
            try:
                kept = json.loads(path.read_text())
                self._key, self._hashes = str(kept["key"]), set(kept["hashes"])
            except (ValueError, KeyError, TypeError):
                raise TableError(
                    f"{path}: the list of erased customers cannot be read. Bring it back from a "
                    "backup; without it, a file that lands may bring erased customers back"
                ) from None

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def __contains__(self, number: int) -> bool:
        return self._hash(number) in self._hashes

    def add(self, number: int) -> None:
        """Put a customer on the list, which only this user can read."""
        self._hashes.add(self._hash(number))
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self._path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps({"key": self._key, "hashes": sorted(self._hashes)}))
        partial.replace(self._path)

    def _hash(self, number: int) -> str:
        return hmac.new(self._key.encode(), str(number).encode(), hashlib.sha256).hexdigest()

    def tells_of_one(self, line: str | None) -> bool:
        """Whether the number of an erased customer stands in a line."""
        return any(int(token) in self for token in _TOKEN.findall(line or ""))


def without_erased(records: pa.RecordBatch, erased: ErasedIds) -> pa.RecordBatch:
    """Records of a file, those of erased customers without what they say.

    Args:
        records: columns of ``lakehouse.data.bronze.CSV_PURCHASES`` without those of the load.
        erased: the list.
    """
    if not erased:
        return records
    cells, lines = records.column(CUSTOMER), records.column("raw_line")
    # One answer for each distinct cell; None where the cell is no number, so that the line decides.
    answers = {cell: _is_erased(cell, erased) for cell in pc.unique(cells).to_pylist()}
    is_erased = pa.array(
        erased.tells_of_one(line) if answers[cell] is None else answers[cell]
        for cell, line in zip(cells.to_pylist(), lines.to_pylist(), strict=True)
    )
    columns = {
        name: column
        if name in IN_A_FILE.kept
        else pc.if_else(is_erased, pa.scalar(None, column.type), column)
        for name, column in zip(records.schema.names, records.columns, strict=True)
    }
    columns["landing_defect"] = pc.if_else(is_erased, ERASED, records.column("landing_defect"))
    return pa.RecordBatch.from_pydict(columns, schema=records.schema)


def _is_erased(cell: str | None, erased: ErasedIds) -> bool | None:
    match = _NUMBER.match(cell or "")
    return None if match is None else int(match[1]) in erased
