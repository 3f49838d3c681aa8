"""What an address asks for: every parameter that a page knows, and no other value than it may have.

An address is the whole state of the dashboard, so each view can be sent as a link. Nothing of it
reaches a path, a query language or the page unchecked.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs

import polars as pl

from lakehouse.shop import AGES, CATEGORIES, CITIES, GENDERS

__all__ = ["FILTERS", "Query"]

FILTERS = {
    # Parameter -> column and the values that it may have, in the order in which they are shown.
    "city": ("city_category", CITIES),
    "age": ("age", AGES),
    "gender": ("gender", GENDERS),
    "category": ("product_category_1", tuple(str(number) for number in CATEGORIES)),
}
# Longest address that is read, and its fields: all filters with all values take less.
_LONGEST = 600
_MOST_FIELDS = 20


@dataclass(frozen=True)
class Query:
    """The parameters of an address.

    Attributes:
        values: parameter -> its values, checked for those of ``FILTERS``.
    """

    values: dict[str, tuple[str, ...]]

    @classmethod
    def parse(cls, search: str | None) -> "Query":
        """Read the part of an address from its question mark on.

        >>> Query.parse("?city=A,X&age=55%2B").values
        {'city': ('A',), 'age': ('55+',)}
        """
        values = {}
        fields = (search or "")[:_LONGEST].lstrip("?").split("&")[:_MOST_FIELDS]
        for name, texts in parse_qs("&".join(fields)).items():
            parts = tuple(part for text in texts for part in text.split(","))
            if name in FILTERS:
                parts = tuple(value for value in FILTERS[name][1] if value in parts)
            if parts:
                values[name] = parts
        return cls(values)

    def number(self, name: str, default: float, low: float, high: float) -> float:
        """A number, held between two bounds; the default for anything else.

        >>> Query.parse("?lift=900").number("lift", 3, 0, 50)
        50
        """
        try:
            number = float(self.values[name][0])
        except (KeyError, ValueError):
            return default
        return min(max(number, low), high) if number == number else default

    def whole(self, name: str) -> int | None:
        """A whole number that fits 32 bits; None for anything else."""
        text = self.values.get(name, ("",))[0]
        is_whole = text.isascii() and text.isdigit() and len(text) <= 9
        return int(text) if is_whole else None

    def of(self, name: str) -> tuple[str, ...]:
        """Values of one parameter; empty if it is not given."""
        return self.values.get(name, ())

    def choice(self, name: str, among: tuple[str, ...]) -> str | None:
        """The value of a parameter if it is among these; None otherwise."""
        given = self.of(name)
        return given[0] if given and given[0] in among else None

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that pass all filters whose column the frame has."""
        keep = [
            pl.col(column).cast(pl.String).is_in(list(self.of(name)))
            if column != "product_category_1"
            else pl.col(column).is_in([int(value) for value in self.of(name)])
            for name, (column, _) in FILTERS.items()
            if self.of(name) and column in frame.columns
        ]
        return frame.filter(*keep) if keep else frame
