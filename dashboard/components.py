"""Components of our own; ``assets/blocks.js`` draws them."""

from dash.development.base_component import Component

__all__ = ["Table"]


class Table(Component):
    """The rows of a table, as text.

    Args:
        caption: below it.
        names: of the columns.
        numeric: whether a column is of numbers, and so stands at the right.
        rows: each with one text per column.
    """

    _namespace = "lakehouse"
    _type = "Table"
    _prop_names = ("caption", "names", "numeric", "rows")
    _valid_wildcard_attributes = ()
    available_wildcard_properties = ()
