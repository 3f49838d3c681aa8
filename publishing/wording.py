"""Figures in words, the same in the notebook, the presentation and the report."""

__all__ = ["amount", "kinds", "listing", "more_or_less", "percent", "strength"]


def percent(share: float) -> str:
    """A share from 0 to 1 as a percentage, with the digits that it can bear.

    >>> percent(0.4213), percent(0.0042), percent(0.0), percent(0.00001)
    ('42%', '0.4%', '0%', 'under 0.1%')
    """
    if 0 < abs(share) < 0.001:
        return "under 0.1%"
    digits = 0 if abs(share) >= 0.1 or not share else 1
    return f"{share * 100:.{digits}f}%"


def amount(value: float) -> str:
    """A number with three to four digits that count.

    >>> amount(9263.97), amount(5095812742), amount(853451.2), amount(93.4)
    ('9,264', '5.10 billion', '853 thousand', '93.4')
    """
    for size, name in ((1e9, "billion"), (1e6, "million"), (1e5, "thousand")):
        if abs(value) >= size:
            unit = size if size > 1e5 else 1e3
            return f"{value / unit:,.{2 if size > 1e5 else 0}f} {name}"
    if float(value).is_integer() or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}"


def more_or_less(left: float, right: float) -> str:
    """How much larger or smaller the first is, relative to the second.

    >>> more_or_less(110, 100), more_or_less(99, 100), more_or_less(1001, 1000)
    ('10% more than', '1.0% less than', 'about as much as')
    """
    change = left / right - 1
    if abs(change) < 0.005:
        return "about as much as"
    return f"{percent(abs(change))} {'more' if change > 0 else 'less'} than"


def strength(share_of_variance: float) -> str:
    """How much a group explains, by Cohen's bounds for eta squared (.01, .06, .14).

    >>> [strength(share) for share in (0.005, 0.02, 0.1, 0.6)]
    ['hardly anything', 'little', 'a fair part', 'a large part']
    """
    words = ("hardly anything", "little", "a fair part", "a large part")
    return words[sum(share_of_variance >= bound for bound in (0.01, 0.06, 0.14))]


def listing(words: list[str]) -> str:
    """Words as an enumeration.

    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def kinds(data_kinds: list[str]) -> str:
    """What the data is, for a title: never left out, so that nobody takes one for the other.

    >>> kinds(["synthetic"])
    'SYNTHETIC data; event times are simulated'
    """
    return f"{listing([kind.upper() for kind in data_kinds])} data; event times are simulated"
