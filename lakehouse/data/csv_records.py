"""Reading a purchases CSV line by line, with evidence of every line that cannot be split.

A record is a physical line that is not blank. Each is parsed on its own, so that one bad quote
cannot swallow the lines after it; the price is that a line break inside a quoted cell gives two
records, neither of which has its fields (as a rule 'unbalanced_quote', then 'wrong_field_count').
"""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.data.bronze import PUBLISHED_COLUMNS
from lakehouse.data.csv_header import header_columns
from lakehouse.errors import SourceFileError

__all__ = [
    "BATCH_ROWS",
    "MAX_LINE_BYTES",
    "TOO_LONG_KEPT_CHARS",
    "Inspection",
    "inspect",
    "read_batches",
]

# A purchase takes about 50 bytes. A line ten thousand times longer is not one, and without a
# bound a file that has no line end would be held in memory whole.
MAX_LINE_BYTES = 1024 * 1024
TOO_LONG_KEPT_CHARS = 4_096

BATCH_ROWS = 16_384
# Bounds a batch of lines that are each just short enough to be read.
_BATCH_BYTES = 16 * MAX_LINE_BYTES
_BLOCK_BYTES = 1024 * 1024

_GZIP_MAGIC = b"\x1f\x8b"
_LINE_WITH_CONTENT = re.compile(rb"\S[^\n]*")


@dataclass(frozen=True)
class Inspection:
    """What a first pass over a whole file found.

    Attributes:
        sha256: hexadecimal digest of the unpacked bytes.
        rows: records in the file, counted without splitting it into fields.
        columns: names of the header in its order, normalised to snake_case; second and third
            category of a product may be lacking.
        unpacked_bytes: size of the unpacked file, in bytes.
    """

    sha256: str
    rows: int
    columns: tuple[str, ...]
    unpacked_bytes: int

    @property
    def load_id(self) -> str:
        """Name of the load: the same for the same content, whatever the file is called."""
        return self.sha256[:16]

    @property
    def extra_columns(self) -> tuple[str, ...]:
        """Columns of the header that are not published ones, in its order."""
        return tuple(name for name in self.columns if name not in PUBLISHED_COLUMNS)


def inspect(path: Path) -> Inspection:
    """Read a whole file once, and refuse it when it cannot be landed at all.

    Args:
        path: a CSV file with a header, plain or gzip (told apart by their first bytes).

    Raises:
        SourceFileError: the file is missing, unreadable, empty, damaged, binary or not UTF-8 in
            its header, has no records, or has not the columns of a purchases file.
    """
    with _unpacked(path) as stream:
        first_line = stream.readline(MAX_LINE_BYTES + 1)
        if not first_line:
            raise SourceFileError(f"{path}: the file is empty. Export it again")
        if len(first_line) > MAX_LINE_BYTES:
            raise SourceFileError(
                f"{path}: no line end in the first {MAX_LINE_BYTES} bytes. "
                "Check that this is the purchases CSV"
            )
        columns = header_columns(path, first_line)
        digest = hashlib.sha256(first_line)
        size = len(first_line)
        rows = 0
        line_counted = False
        while block := stream.read(_BLOCK_BYTES):
            if (nul := block.find(b"\0")) >= 0:
                raise SourceFileError(
                    f"{path}: NUL byte at offset {size + nul}, so this is not UTF-8 text. "
                    "Export the file again as CSV in UTF-8"
                )
            digest.update(block)
            size += len(block)
            found, line_counted = _count_records(block, line_counted)
            rows += found
    if rows == 0:
        raise SourceFileError(f"{path}: a header and no records. Export the file with its rows")
    return Inspection(digest.hexdigest(), rows, columns, size)


def read_batches(
    path: Path, inspection: Inspection, *, batch_rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    """Read the records of an inspected file, in order and in bounded memory.

    Each batch has line_number, the published columns, the extra columns of the header, raw_line
    and landing_defect, with one row per record. A defect leaves all fields null:

    - 'line_too_long': over ``MAX_LINE_BYTES``; raw_line has its first ``TOO_LONG_KEPT_CHARS``
    - 'not_utf8': raw_line shows the foreign bytes as backslash escapes
    - 'unbalanced_quote': the quoting of the line is broken
    - 'wrong_field_count': more or fewer fields than the header has

    Args:
        path: the file that was inspected.
        inspection: what ``inspect`` found in it.
        batch_rows: the most rows in one batch.

    Raises:
        SourceFileError: the file can no longer be read, or is not the one inspected.
    """
    # The limit of csv is lower than a line that is read here, and holds for the whole process.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE_BYTES))
    width = len(inspection.columns)
    digest = hashlib.sha256()
    batch = _Batch(inspection.columns)
    with _unpacked(path) as stream:
        digest.update(stream.readline(MAX_LINE_BYTES + 1))
        number = 1
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            digest.update(line)
            blank = line.isspace()
            too_long = len(line) > MAX_LINE_BYTES
            if too_long and not line.endswith(b"\n"):
                for piece in _rest_of_line(stream):
                    digest.update(piece)
                    blank = blank and piece.isspace()
            if blank:
                continue
            batch.add(number, *(_shorten(line) if too_long else _split(line, width)))
            if len(batch) >= batch_rows or batch.bytes_read >= _BATCH_BYTES:
                yield batch.take()
    if digest.hexdigest() != inspection.sha256:
        raise SourceFileError(f"{path}: changed while it was being read. Land it again")
    if len(batch):
        yield batch.take()


def _rest_of_line(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.readline(MAX_LINE_BYTES):
        yield piece
        if piece.endswith(b"\n"):
            return


def _shorten(line: bytes) -> tuple[str, list[str], str]:
    # A character of UTF-8 takes at most four bytes.
    start = line[: 4 * TOO_LONG_KEPT_CHARS].decode(errors="backslashreplace")
    return start[:TOO_LONG_KEPT_CHARS], [], "line_too_long"


def _split(line: bytes, width: int) -> tuple[str, list[str], str | None]:
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    try:
        raw = line.decode()
    except UnicodeDecodeError:
        return line.decode(errors="backslashreplace"), [], "not_utf8"
    if '"' in raw:
        try:
            fields = next(csv.reader([raw], strict=True))
        except csv.Error:
            return raw, [], "unbalanced_quote"
    else:
        # What csv does with a line that has no quote, several times faster.
        fields = raw.split(",")
    return (raw, fields, None) if len(fields) == width else (raw, [], "wrong_field_count")


class _Batch:
    """Rows gathered until they are handed over as one Arrow batch."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        extra = [name for name in columns if name not in PUBLISHED_COLUMNS]
        # None stands for a column that the file does not have.
        self._positions = {
            name: columns.index(name) if name in columns else None
            for name in (*PUBLISHED_COLUMNS, *extra)
        }
        self._no_fields = [""] * len(columns)
        self._clear()

    def _clear(self) -> None:
        self._numbers: list[int] = []
        self._raw: list[str] = []
        self._cells: list[str] = []
        self._defects: list[str | None] = []
        self.bytes_read = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, number: int, raw: str, fields: list[str], defect: str | None) -> None:
        self._numbers.append(number)
        self._raw.append(raw)
        self._cells += fields or self._no_fields
        self._defects.append(defect)
        self.bytes_read += len(raw)

    def take(self) -> pa.RecordBatch:
        width = len(self._no_fields)
        arrays = {"line_number": pa.array(self._numbers, pa.int64())}
        for name, position in self._positions.items():
            arrays[name] = (
                pa.nulls(len(self), pa.string())
                if position is None
                else _null_when_empty(pa.array(self._cells[position::width], pa.string()))
            )
        arrays["raw_line"] = pa.array(self._raw, pa.string())
        arrays["landing_defect"] = pa.array(self._defects, pa.string())
        self._clear()
        return pa.RecordBatch.from_pydict(arrays)


def _null_when_empty(cells: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells)


def _count_records(block: bytes, line_counted: bool) -> tuple[int, bool]:
    """Count the lines with content in a block of a file.

    Args:
        block: the next bytes of the file.
        line_counted: whether the line in which the block starts has been counted already.

    Returns:
        The lines not counted before, and whether the line in which the block ends is counted.
    """
    found = len(_LINE_WITH_CONTENT.findall(block))
    head, line_end, _ = block.partition(b"\n")
    if line_counted and head.strip():
        found -= 1
    tail = block.rpartition(b"\n")[2]
    return found, bool(tail.strip()) or (line_counted and not line_end)


@contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading its unpacked bytes; failures to read become SourceFileError."""
    try:
        if path.exists() and not path.is_file():
            raise SourceFileError(f"{path}: not a file. Give the CSV file itself")
        with path.open("rb") as file:
            packed = file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
            # A buffer around gzip makes its readline as fast as that of a plain file.
            yield io.BufferedReader(gzip.GzipFile(fileobj=file), _BLOCK_BYTES) if packed else file
    except FileNotFoundError:
        raise SourceFileError(f"{path}: no such file. Check the path") from None
    except PermissionError:
        raise SourceFileError(
            f"{path}: no permission to read it. Grant read access, then land it again"
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceFileError(
            f"{path}: the gzip data is truncated or corrupt ({error}). Download it again"
        ) from None
    except OSError as error:
        raise SourceFileError(
            f"{path}: cannot be read ({error.strerror or error}). Check the disk and the path"
        ) from None
