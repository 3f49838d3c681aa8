"""The header of a purchases file: which columns it has, and what is wrong with it."""

import csv
import difflib
import re
from pathlib import Path

from lakehouse.data.bronze import PUBLISHED_COLUMNS, TECHNICAL_COLUMNS
from lakehouse.errors import SourceFileError

__all__ = ["MODEL_COLUMNS", "header_columns"]

# The edition with ten columns, which most copies in use today are, has one category of a product.
_ONLY_CATEGORY = "product_category"
_MAY_LACK = frozenset({"product_category_2", "product_category_3"})

# What the models add on the way from a landed line to a purchase. A column of such a name would
# stand there twice, and no build would succeed until the lakehouse is reset.
MODEL_COLUMNS = frozenset(
    {
        "accepted_record_id",
        "broken_rules",
        "category_price_quintile",
        "cleansed_at",
        "cleansed_version",
        "content_hash",
        "count_product_categories",
        "defects",
        "established_gender",
        "event_id",
        "extra_fields",
        "has_sound_values",
        "is_outlier_by_iqr",
        "is_outlier_by_z_score",
        "is_readable",
        "is_same_content",
        "is_usable",
        "lower_fence",
        "origin",
        "outlier_reason",
        "own_reasons",
        "position_in_load",
        "record_id",
        "rejection_reasons",
        "simulated_event_at",
        "simulated_message_at",
        "stay_in_current_city_min_years",
        "upper_fence",
        "verdict",
        "visit",
        "z_score",
    }
)

_BOM = b"\xef\xbb\xbf"
_FOREIGN_STARTS = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"PK\x03\x04": "a zip archive; unpack it first",
}


def header_columns(path: Path, line: bytes) -> tuple[str, ...]:
    """Names of the columns of a purchases file, normalised to snake_case, in its order.

    A published column is recognised in any case and with any characters between its words, and
    stands anywhere; the columns beyond the published ones are kept. Second and third category of a
    product may be lacking, and then a single `Product_Category` is the first one.

    Args:
        path: the file, for messages.
        line: its first line, as read.

    Raises:
        SourceFileError: the line is not text in UTF-8, a published column is missing, two columns
            would have the same name, or one has the name of a column that the project adds.
    """
    for start, meaning in _FOREIGN_STARTS.items():
        if line.startswith(start):
            raise SourceFileError(f"{path}: not a CSV file but {meaning}")
    if b"\0" in line:
        raise SourceFileError(
            f"{path}: NUL byte in line 1, so this is not UTF-8 text. Save it as CSV in UTF-8"
        )
    try:
        header = line.removeprefix(_BOM).decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise SourceFileError(
            f"{path}: line 1 is not UTF-8 (byte 0x{line[error.start]:02x}). "
            "Check that this is the purchases CSV and save it as UTF-8"
        ) from None
    if "\r" in header:
        raise SourceFileError(
            f"{path}: line 1 holds a bare carriage return. Save the file with line ends LF or CRLF"
        )
    try:
        cells = next(csv.reader([header], strict=True), [])
    except csv.Error:
        raise SourceFileError(
            f"{path}: the quotes of line 1 do not match: {_shown(header)}. Correct the header"
        ) from None
    names = _column_names(cells)
    _check_header(path, header, cells, names)
    return names


def _column_names(cells: list[str]) -> tuple[str, ...]:
    names = tuple(_column_name(cell) for cell in cells)
    if any(name.startswith(f"{_ONLY_CATEGORY}_") for name in names):
        return names
    return tuple(f"{_ONLY_CATEGORY}_1" if name == _ONLY_CATEGORY else name for name in names)


def _column_name(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.casefold()).strip("_")


def _check_header(path: Path, header: str, cells: list[str], names: tuple[str, ...]) -> None:
    seen: dict[str, str] = {}
    for cell, name in zip(cells, names, strict=True):
        if name in TECHNICAL_COLUMNS or name in MODEL_COLUMNS:
            adds = "landing adds" if name in TECHNICAL_COLUMNS else "the models add"
            raise SourceFileError(
                f"{path}: column {cell!r} has the name of {name}, which {adds}. Rename it"
            )
        if name in seen:
            raise SourceFileError(
                f"{path}: columns {seen[name]!r} and {cell!r} are both named {name}. "
                "Rename or remove one"
            )
        seen[name] = cell
    missing = [name for name in PUBLISHED_COLUMNS if name not in seen]
    # One that may be lacking and stands there by a mistyped name would be empty without a word.
    lacking = [name for name in missing if name not in _MAY_LACK or _renamed([name], seen)]
    if lacking:
        raise SourceFileError(
            f"{path}: no column {', '.join(lacking)}; line 1 is {_shown(header)}."
            f"{_renamed(lacking, seen)} Correct the header"
        )
    if "" in seen:
        position = cells.index(seen[""]) + 1
        raise SourceFileError(
            f"{path}: column {position} has no usable name ({seen['']!r}). Name it or remove it"
        )


def _renamed(missing: list[str], seen: dict[str, str]) -> str:
    others = [name for name in seen if name not in PUBLISHED_COLUMNS]
    hints = [
        f" Is {seen[near[0]]!r} meant as {name}?"
        for name in missing
        if (near := difflib.get_close_matches(name, others, n=1))
    ]
    return "".join(hints)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 120 else text[:120] + "...")
