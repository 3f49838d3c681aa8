"""When two values of a column are the same."""

import polars as pl

__all__ = ["comparable", "differs"]

_NUMBERS = frozenset({"byte", "short", "integer", "long", "float", "double"})


def comparable(name: str, before: str, after: str) -> pl.Expr:
    """A column in a form in which both sides can be compared.

    Columns of the same type stay as they are, but for lists, maps and structs, which become text;
    the entries of a map are put in order, which means nothing in Spark. Of different types,
    numbers become numbers with a fraction and all others text.

    Args:
        name: of the column.
        before: its type on the first side, as Delta names it.
        after: its type on the second side.
    """
    column = pl.col(name)
    if before != after:
        both_numbers = all(
            kind in _NUMBERS or kind.startswith("decimal") for kind in (before, after)
        )
        return column.cast(pl.Float64 if both_numbers else pl.String)
    if before.startswith("map"):
        in_order = pl.element().sort_by(pl.element().struct.field("key"))
        column = column.map.entries().list.eval(in_order)
    if before.startswith(("map", "array", "struct")):
        # JSON of an empty list and of none differ; both sides are written alike.
        return (
            pl.when(column.is_not_null()).then(pl.struct(column).struct.json_encode()).alias(name)
        )
    return column


def differs(before: str, after: str, kind: pl.DataType, tolerance: float) -> pl.Expr:
    """Whether two columns of a frame differ, named as the first; an empty value equals another.

    Args:
        before: name of the first column.
        after: name of the second column.
        kind: their type.
        tolerance: numbers with a fraction are the same when they differ by at most this share of
            the larger.
    """
    first, second = pl.col(before), pl.col(after)
    unequal = first.ne_missing(second)
    if tolerance and kind.is_float():
        larger = pl.max_horizontal(first.abs(), second.abs())
        is_near = ((first - second).abs() <= tolerance * larger).fill_null(False)
        unequal &= ~is_near
    return unequal.alias(before)
