"""How numbers and moments are written."""

from datetime import datetime
from typing import Any

__all__ = ["moment", "number", "percent", "short", "shown"]


def short(value: float | None) -> str:
    """A large number in three digits, for a card.

    >>> short(5_095_812_742), short(9263.97), short(12)
    ('5.10 bn', '9,264', '12')
    """
    if value is None:
        return "-"
    for size, unit in ((1e9, "bn"), (1e6, "m")):
        if abs(value) >= size:
            return f"{value / size:.2f} {unit}"
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
