"""What a page is."""

from collections.abc import Callable
from dataclasses import dataclass

from dash.development.base_component import Component

from dashboard.blocks import DataTable
from dashboard.query import Query
from dashboard.store import Store
from dashboard.theme import Scheme

__all__ = ["Page", "View"]


@dataclass(frozen=True)
class View:
    """What a page is rendered for.

    Attributes:
        store: the tables, all of one published state.
        query: the parameters of the address.
        scheme: light or dark.
        search: the address from its question mark on, to hand it down to downloads.
    """

    store: Store
    query: Query
    scheme: Scheme
    search: str = ""


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        path: in the address.
        title: in the menu.
        reads: tables that it shows, as ``schema.table``.
        content: makes its blocks.
        tables: makes the tables that it offers for download, by name.
        filters: parameters of ``query.FILTERS`` that hold for all of it.
    """

    path: str
    title: str
    reads: tuple[str, ...]
    content: Callable[[View], list[Component]]
    tables: Callable[[View], list[DataTable]]
    filters: tuple[str, ...] = ()
