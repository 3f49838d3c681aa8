"""How a customer is recognised in a table, as conditions in the SQL of delta-rs.

The log of a Delta table keeps the condition of every delete and update in plain words. So nothing
is ever changed by a condition that names the customer: rows are found by one that does, and changed
by their place in a load, or by a hash whose key is used once.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = [
    "CUSTOMER",
    "ERASED",
    "IN_A_FILE",
    "IN_KAFKA",
    "RAW",
    "Customer",
    "Place",
    "hidden",
    "place_of",
]

CUSTOMER = "user_id"
"""The column that holds the customer, in every table that has one."""

ERASED = "erased"
"""The reason that stands where a record was."""

RAW = ("raw_line", "raw_value", "kafka_key")
"""Columns that keep a record as it came; of one that could not be read, they alone tell."""


@dataclass(frozen=True)
class Place:
    """The columns that say where a record stands in what it came from.

    Attributes:
        load: columns that name the load: a file, or a partition of a topic.
        position: column of the record's number in it.
        evidence: columns that say nothing of a customer and stay when the rest goes.
    """

    load: tuple[str, ...]
    position: str
    evidence: tuple[str, ...]

    @property
    def kept(self) -> frozenset[str]:
        """All columns that stay."""
        return frozenset((*self.load, self.position, *self.evidence))


IN_A_FILE = Place(
    ("load_id",), "line_number", ("landed_at", "source_file", "data_kind", "load_row_count")
)
"""Where a line of a file stands."""

IN_KAFKA = Place(("topic", "kafka_partition"), "kafka_offset", ("kafka_timestamp", "ingested_at"))
"""Where a record of Kafka stands."""


def place_of(columns: Mapping[str, str]) -> Place | None:
    """The place of a table's rows; None where they have none.

    Args:
        columns: name -> Delta's name of the type.
    """
    for place in (IN_A_FILE, IN_KAFKA):
        if {*place.load, place.position} <= columns.keys():
            return place
    return None


@dataclass(frozen=True)
class Customer:
    """One customer, by the number that the files and messages use."""

    number: int

    def names(self, columns: Mapping[str, str]) -> str:
        """A condition that is true for rows of this customer; it names the number.

        Args:
            columns: of the table, name -> Delta's name of the type.
        """
        conditions = [self.stands_in(columns), *self.is_told_in(columns).values()]
        return " or ".join(f"({condition})" for condition in conditions)

    def stands_in(self, columns: Mapping[str, str]) -> str:
        """A condition that is true for rows that name the customer in their column."""
        if columns[CUSTOMER] == "string":
            return _matches(CUSTOMER, _NUMBER.format(self.number))
        return f"{CUSTOMER} = {self.number}"

    def is_told_in(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Columns of :data:`RAW` -> a condition, true for rows that only this column tells of.

        A row whose customer cannot be read is theirs if the number stands anywhere in what was
        kept of it: such a row is of no use to anyone, so a doubt goes for the erasure.
        """
        is_text = columns[CUSTOMER] == "string"
        is_unread = f"not {_matches(CUSTOMER, _ANY_NUMBER)}" if is_text else f"{CUSTOMER} is null"
        raw = (name for name in RAW if name in columns)
        return {name: f"{is_unread} and {self._is_told_by(name, columns[name])}" for name in raw}

    def is_told_by(self, text: str) -> bool:
        """Whether the number stands in a text, not as a part of a longer one.

        >>> Customer(17).is_told_by("17,P1"), Customer(17).is_told_by("170,P1")
        (True, False)
        """
        return re.search(_STANDS_ALONE.format(self.number), text) is not None

    def _is_told_by(self, name: str, kind: str) -> str:
        if kind != "binary":
            return _matches(name, _STANDS_ALONE.format(self.number))
        # Not all bytes are text, but all have a hexadecimal form; the digits are 30 to 39.
        digits = str(self.number).encode().hex()
        pattern = f"^((..)*([^3].|3[a-f]))?{digits}([^3].|3[a-f]|$)"
        return _matches(f"encode({name}, 'hex')", pattern)


def hidden(expression: str, values: Iterable[str]) -> str:
    """A condition that is true where an expression has one of some values, and names none.

    Args:
        expression: in SQL, of texts.
        values: the texts.
    """
    # Used once: what it hides cannot be joined with what another condition hides.
    key = secrets.token_hex(16)
    digests = [hashlib.sha256(f"{key}{value}".encode()).hexdigest() for value in values]
    listed = ", ".join(f"'{digest}'" for digest in digests)
    return f"encode(sha256(concat('{key}', {expression})), 'hex') in ({listed})"


# As dbt's macro `whole_number` reads a cell.
_NUMBER = "^\\s*[+]?0*{}([.]0+)?\\s*$"
_ANY_NUMBER = _NUMBER.format("[0-9]+")
_STANDS_ALONE = "(^|[^0-9]){}([^0-9]|$)"


def _matches(expression: str, pattern: str) -> str:
    return f"coalesce(regexp_like({expression}, '{pattern}'), false)"
