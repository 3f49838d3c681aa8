"""The Dash application: the frame of all pages, and the few callbacks that join it together."""

import logging

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard import blocks, ids, web
from dashboard.controls import filter_bar
from dashboard.page import View
from dashboard.pages import PAGES
from dashboard.query import Query
from dashboard.store import Store
from dashboard.theme import MANTINE_THEME, scheme_of
from lakehouse.errors import LakehouseError

__all__ = ["create_app", "render"]

log = logging.getLogger(__name__)

_REFRESH_MILLISECONDS = 2000


def create_app(store: Store) -> Dash:
    """Make the application on some tables; its WSGI server is the attribute ``server``."""
    app = Dash(
        __name__,
        title="Black Friday Lakehouse",
        update_title="",
        serve_locally=True,
        compress=False,
        index_string=web.INDEX,
        # A page's inputs are not there while another page is shown.
        suppress_callback_exceptions=True,
    )
    app.layout = lambda: _layout(store)
    _register(app, store)
    web.serve(app, store)
    return app


def data_kinds(store: Store) -> tuple[str, ...]:
    """Kinds of the data that landed: 'real', 'synthetic', both, or none."""
    try:
        loads = store.rows("marts.load_audit", ("data_kind",))
    except LakehouseError:
        log.exception("the kind of the data is unknown")
        return ()
    return () if loads is None else tuple(sorted(loads["data_kind"].drop_nulls().unique()))


def _layout(store: Store) -> Component:
    kinds = data_kinds(store)
    kind = " AND ".join(name.upper() for name in kinds) or "NO"
    badges = html.Div(
        [
            dmc.Badge(
                f"{kind} data",
                # Shades on which white, or black, can be read in both schemes.
                color="blue.8" if kinds == ("real",) else "orange.6",
                variant="filled",
                autoContrast=True,
            ),
            dmc.Badge("event times simulated", color="grape", variant="dot", className="long"),
            dmc.Badge("times simulated", color="grape", variant="dot", className="brief"),
        ],
        className="badges",
    )
    links = [
        dmc.NavLink(label=page.title, href=page.path, active="exact") for page in PAGES.values()
    ]
    shell = dmc.AppShell(
        [
            dmc.AppShellHeader(
                dmc.Group(
                    [
                        dmc.Group(
                            [
                                dmc.Burger(
                                    id=ids.BURGER,
                                    opened=False,
                                    hiddenFrom="sm",
                                    size="sm",
                                    **{"aria-label": "Menu"},
                                ),
                                dcc.Link("Black Friday Lakehouse", href="/", className="brand"),
                            ],
                            gap="sm",
                            wrap="nowrap",
                        ),
                        dmc.Group(
                            [
                                badges,
                                html.Button(
                                    "◐",
                                    id=ids.SCHEME,
                                    className="scheme",
                                    title="Light or dark",
                                    **{"aria-label": "Switch between light and dark"},
                                ),
                            ],
                            gap="sm",
                            wrap="nowrap",
                        ),
                    ],
                    justify="space-between",
                    h="100%",
                    px="md",
                    wrap="nowrap",
                )
            ),
            dmc.AppShellNavbar(html.Nav(links, **{"aria-label": "Pages"}), p="sm"),
            dmc.AppShellMain(
                html.Main(
                    [html.Div(id=ids.FILTERS), html.Div(id=ids.CONTENT, className="page")],
                    id="main",
                    tabIndex="-1",
                )
            ),
        ],
        id=ids.SHELL,
        header={"height": 56},
        navbar={"width": 190, "breakpoint": "sm", "collapsed": {"mobile": True}},
        padding="md",
    )
    return dmc.MantineProvider(
        [
            html.A("Skip to the content", href="#main", className="skip-link"),
            dcc.Location(id=ids.LOCATION, refresh="callback-nav"),
            dcc.Store(id=ids.VIEW),
            dcc.Interval(id=ids.INTERVAL, interval=_REFRESH_MILLISECONDS, disabled=True),
            shell,
        ],
        theme=MANTINE_THEME,
    )


def _register(app: Dash, store: Store) -> None:
    def in_browser(name: str) -> ClientsideFunction:
        return ClientsideFunction("lakehouse", name)

    app.clientside_callback(
        in_browser("view"),
        Output(ids.VIEW, "data"),
        Input(ids.LOCATION, "pathname"),
        Input(ids.LOCATION, "search"),
        Input(ids.SCHEME, "n_clicks"),
        Input(ids.INTERVAL, "n_intervals"),
    )
    app.clientside_callback(
        in_browser("search"),
        Output(ids.LOCATION, "search"),
        Input({"type": "control", "name": ALL, "default": ALL}, "value"),
        Input({"type": "chart", "name": ALL, "filters": ALL}, "clickData"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        in_browser("ticking"), Output(ids.INTERVAL, "disabled"), Input(ids.LOCATION, "pathname")
    )
    app.clientside_callback(
        in_browser("menu"),
        Output(ids.SHELL, "navbar"),
        Output(ids.BURGER, "opened"),
        Input(ids.BURGER, "opened"),
        Input(ids.LOCATION, "pathname"),
        State(ids.SHELL, "navbar"),
    )

    @app.callback(
        Output(ids.FILTERS, "children"),
        Output(ids.CONTENT, "children"),
        Input(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    def show(view: object) -> tuple[Component, list[Component]]:
        return render(store, view)


def render(store: Store, asked: object) -> tuple[Component, list[Component]]:
    """The filters and the blocks of the page that a browser asks for.

    Args:
        store: the tables.
        asked: ``{"pathname", "search", "scheme"}``, from a browser and so of any form.
    """
    wanted = asked if isinstance(asked, dict) else {}
    page = PAGES.get(str(wanted.get("pathname") or "/").rstrip("/") or "/")
    if page is None:
        links = "Choose one from the menu."
        return html.Div(), [blocks.note("There is no such page", links, "yellow")]
    search = str(wanted.get("search") or "")
    view = View(store, Query.parse(search), scheme_of(wanted.get("scheme")), search)
    filters = filter_bar(page.filters, view.query) if page.filters else html.Div()
    try:
        return filters, page.content(view)
    except LakehouseError as error:
        log.warning("page %s: %s", page.path, error)
        return filters, [blocks.failed(str(error))]
    except Exception:
        log.exception("page %s", page.path)
        words = "Its tables have an unexpected form; the log says more. Run `make build` again."
        return filters, [blocks.failed(words)]
