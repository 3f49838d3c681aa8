"""How figures and moments are written: on cards, axes, bars and in tips alike."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

__all__ = [
    "AMOUNT",
    "CHANGE",
    "SCORE",
    "SHARE",
    "Unit",
    "column_name",
    "count_of",
    "moment",
    "number",
    "percent",
    "short",
    "shown",
    "with_interval",
]

_SCALES = ((1e9, "bn"), (1e6, "m"))


def short(value: float | None) -> str:
    """An amount, in three digits where it is a large one.

    >>> short(5_095_812_742), short(9263.97), short(12)
    ('5.10 bn', '9,264', '12')
    """
    if value is None:
        return "-"
    for size, letters in _SCALES:
        if abs(value) >= size:
            return f"{value / size:.2f} {letters}"
    return f"{value:,.0f}"


def number(value: float | None, digits: int = 0) -> str:
    """A number with its thousands apart.

    >>> number(550068), number(0.4567, 2)
    ('550,068', '0.46')
    """
    return "-" if value is None else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share as a percentage.

    >>> percent(0.1234)
    '12.3 %'
    """
    return "-" if value is None else f"{100 * value:.{digits}f} %"


@dataclass(frozen=True)
class Unit:
    """What figures of a kind are, and how they are written.

    Attributes:
        name: stands at the axis and behind the figure in a tip; may be empty.
        kind: ``amount`` in currency units, whole ``count``, ``share`` as a percentage, ``change``
            as a percentage with its sign, or ``score`` with three digits.
    """

    name: str
    kind: Literal["amount", "count", "share", "change", "score"]

    def write(self, value: float | None) -> str:
        """A figure, as on a card.

        >>> AMOUNT.write(2_104_000_000), SHARE.write(0.25), CHANGE.write(0.031), SCORE.write(0.8654)
        ('2.10 bn', '25.0 %', '+3.1 %', '0.865')
        """
        if value is None:
            return "-"
        if self.kind == "amount":
            return short(value)
        if self.kind == "share":
            return percent(value)
        if self.kind == "change":
            return f"{100 * value:+.1f} %"
        return number(value, 3 if self.kind == "score" else 0)

    def tell(self, value: float | None) -> str:
        """A figure with the name of its unit, as in a tip.

        >>> AMOUNT.tell(9264.0), count_of("customers").tell(3)
        ('9,264 currency units', '3 customers')
        """
        return f"{self.write(value)} {self.name}".rstrip()

    def ticks(self, low: float, high: float, most: int = 5) -> tuple[list[float], list[str]]:
        """Places on an axis and what is written there, in the letters of :meth:`write`.

        >>> AMOUNT.ticks(0, 2.1e9)
        ([0.0, 500000000.0, 1000000000.0, 1500000000.0, 2000000000.0], ['0', '0.5 bn', '1.0 bn', '1.5 bn', '2.0 bn'])
        >>> SHARE.ticks(0, 0.11)
        ([0.0, 0.05, 0.1], ['0 %', '5 %', '10 %'])
        """  # noqa: E501
        step = _step(high - low, most)
        if self.kind == "count":
            step = max(step, 1)
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        places = [round(step * place, 12) for place in range(first, last + 1)]
        scale, letters = 1.0, ""
        if self.kind == "amount":
            largest = max((abs(place) for place in places), default=0)
            scale, letters = next(
                ((size, f" {text}") for size, text in _SCALES if largest >= size), (1.0, "")
            )
        elif self.kind in ("share", "change"):
            scale, letters = 0.01, " %"
        digits = _digits(step / scale)
        sign = "+" if self.kind == "change" else ""
        texts = [
            "0" + (letters if letters == " %" else "")
            if place == 0
            else f"{place / scale:{sign},.{digits}f}{letters}"
            for place in places
        ]
        return places, texts


AMOUNT = Unit("currency units", "amount")
SHARE = Unit("", "share")
CHANGE = Unit("", "change")
SCORE = Unit("", "score")


def count_of(things: str) -> Unit:
    """The unit of whole numbers of some things."""
    return Unit(things, "count")


def _step(span: float, most: int) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that parts a span into few steps."""
    if span <= 0:
        return 1.0
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)


def _digits(step: float) -> int:
    """How many digits behind the point tell multiples of a step apart."""
    return next((n for n in range(7) if math.isclose(round(step, n), step, rel_tol=1e-6)), 7)


def with_interval(value: float | None, low: float | None, high: float | None, unit: Unit) -> str:
    """A figure with its interval, where it has one.

    >>> with_interval(0.865, 0.856, 0.876, SCORE)
    '0.865 [0.856 to 0.876]'
    """
    written = unit.write(value)
    return written if low is None else f"{written} [{unit.write(low)} to {unit.write(high)}]"


def moment(value: datetime | None) -> str:
    """A moment to the minute (UTC)."""
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def shown(value: Any) -> str:
    """A cell of a table, by its kind.

    >>> shown(1234567), shown(0.0312), shown(True), shown(None)
    ('1,234,567', '0.0312', 'yes', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    return str(value)


# Columns that people know by another name.
_NAMES = {
    "sum_purchase": "Sales",
    "total_purchase": "Sales",
    "mean_purchase": "Average purchase",
    "average_purchase": "Average purchase",
    "user_id": "Customer",
    "product_id": "Product",
    "product_category_1": "Category",
    "p_value": "p",
    "p_value_holm": "p (Holm)",
    "rfm_segment": "RFM segment",
    "psi": "PSI",
    "city_category": "City",
    "event_id": "Event",
}
_WORDS = (("rfm ", "RFM "), ("kafka ", "Kafka "))


def column_name(column: str) -> str:
    """What people call a column.

    >>> column_name("count_rejected"), column_name("sum_purchase"), column_name("landed_at")
    ('Rejected', 'Sales', 'Landed')
    >>> column_name("is_fallback"), column_name("simulated_returns_per_hour")
    ('Fallback', 'Simulated returns per hour')
    """
    if column in _NAMES:
        return _NAMES[column]
    text = column.removeprefix("count_").removeprefix("is_").removesuffix("_at")
    text = text.replace("sum_purchase", "sales").replace("_", " ").strip()
    words = text[:1].upper() + text[1:]
    for machine, human in _WORDS:
        words = words.replace(machine.capitalize(), human)
    return words
