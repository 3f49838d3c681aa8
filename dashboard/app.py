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
        # What browsers ask for; a proxy may hand that on with this path or without it.
        requests_pathname_prefix=store.settings.dashboard_path,
        routes_pathname_prefix="/",
        index_string=web.INDEX,
        # A page's inputs are not there while another page is shown.
        suppress_callback_exceptions=True,
    )
    app.layout = lambda: _below(store.settings.dashboard_path, [_layout(store)])[0]
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
    shell = dmc.AppShell(
        [
            dmc.AppShellHeader(_header(data_kinds(store))),
            dmc.AppShellNavbar(
                html.Nav(
                    [
                        dmc.NavLink(label=page.title, href=page.path, active="exact")
                        for page in PAGES.values()
                    ],
                    **{"aria-label": "Pages"},
                ),
                p="sm",
            ),
            dmc.AppShellMain(html.Div(id=ids.CONTENT, className="page"), id="main", tabIndex=-1),
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


def _header(kinds: tuple[str, ...]) -> Component:
    kind = " and ".join(kinds) or "no"
    burger = dmc.Burger(
        id=ids.BURGER, opened=False, hiddenFrom="sm", size="sm", **{"aria-label": "Menu"}
    )
    tags = [
        html.Span(
            f"{kind} data", className=f"tag solid tone-{'accent' if kinds == ('real',) else 'warm'}"
        ),
        html.Span("event times simulated", className="tag tone-grey long"),
        html.Span("times simulated", className="tag tone-grey brief"),
    ]
    scheme = html.Button(
        "\N{CIRCLE WITH RIGHT HALF BLACK}",
        id=ids.SCHEME,
        className="scheme",
        title="Light or dark",
        **{"aria-label": "Switch between light and dark"},
    )
    return html.Div(
        [
            html.Div(
                [burger, dcc.Link("Black Friday Lakehouse", href="/", className="brand")],
                className="header-side",
            ),
            html.Div([html.Div(tags, className="badges"), scheme], className="header-side"),
        ],
        className="header",
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
        Output(ids.CONTENT, "children"), Input(ids.VIEW, "data"), prevent_initial_call=True
    )
    def show(view: object) -> list[Component]:
        return _below(store.settings.dashboard_path, render(store, view))


def _below(path: str, parts: list[Component]) -> list[Component]:
    """Let every link to a page or download lead below the path of the proxy."""
    for part in parts:
        for each in (part, *part._traverse()):  # Dash's own walk over a page
            href = getattr(each, "href", None)
            if isinstance(href, str) and href.startswith("/"):
                each.href = path + href.removeprefix("/")
    return parts


def render(store: Store, asked: object) -> list[Component]:
    """The blocks of the page that a browser asks for, its filters below its heading.

    Args:
        store: the tables.
        asked: ``{"pathname", "search", "scheme"}``, from a browser and so of any form.
    """
    wanted = asked if isinstance(asked, dict) else {}
    pathname = "/" + str(wanted.get("pathname") or "/").removeprefix(store.settings.dashboard_path)
    page = PAGES.get("/" + pathname.strip("/"))
    if page is None:
        return [blocks.note("There is no such page", "Choose one from the menu.", "warm")]
    search = str(wanted.get("search") or "")
    view = View(store.of_one_state(), Query.parse(search), scheme_of(wanted.get("scheme")), search)
    filters = [filter_bar(page.filters, view.query)] if page.filters else []
    try:
        heading, *content = page.content(view)
    except LakehouseError as error:
        log.warning("page %s: %s", page.path, error)
        return [*filters, blocks.failed(str(error))]
    except Exception:
        log.exception("page %s", page.path)
        words = "Its tables have an unexpected form; the log says more. Run `make build` again."
        return [*filters, blocks.failed(words)]
    return [heading, *filters, *content]
