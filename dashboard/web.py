"""What the server does beside Dash: health, metrics, downloads, an optional password, headers."""

import base64
import hmac
import io
import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import polars as pl
from dash import Dash
from flask import Flask, Response, abort, request
from prometheus_client import CONTENT_TYPE_LATEST

from dashboard.page import View
from dashboard.pages import PAGES
from dashboard.query import Query
from dashboard.store import Store
from dashboard.theme import style_sheet
from lakehouse.errors import LakehouseError
from lakehouse.metrics import as_text
from lakehouse.settings import Settings

__all__ = ["INDEX", "as_csv", "serve"]

_INDEX = """<!DOCTYPE html>
<html lang="en">
  <head>
    {%metas%}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{%title%}</title>
    {%favicon%}
    {%css%}
    <style>PALETTES</style>
  </head>
  <body>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>"""
INDEX = _INDEX.replace("PALETTES", style_sheet())
"""The page around the application; its colours are those of ``dashboard.theme``."""

# Spreadsheets run a cell that begins with one of these as a formula, some of them with blanks
# before it or in the wide letters of East Asian keyboards.
_FORMULA = "^[\t\r\n]|^\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]"


def serve(app: Dash, store: Store) -> None:
    """Add the routes and guards to the application's server."""
    server = app.server
    server.wsgi_app = _without_prefix(server.wsgi_app, store.settings.dashboard_path)
    _guard(server, store.settings)
    _harden(app)

    @server.get("/health")
    def health() -> Response:
        facts = store.version("marts.fct_purchases")
        body = {"status": "ok", "purchases_version": facts[1] if facts else None}
        return server.json.response(body)

    @server.get("/metrics")
    def metrics() -> Response:
        return Response(as_text(store.settings), content_type=CONTENT_TYPE_LATEST)

    @server.get("/csv/<page>/<name>.csv")
    def csv(page: str, name: str) -> Response:
        found = PAGES.get("/" if page == "start" else f"/{page}")
        if found is None:
            abort(404)
        search = request.query_string.decode("ascii", "replace")
        try:
            offered = found.tables(View(store.of_one_state(), Query.parse(search), "light"))
        except LakehouseError as error:
            return Response(f"{error}\n", status=503, mimetype="text/plain")
        for table in offered:
            if table.name == name:
                disposition = {"Content-Disposition": f'attachment; filename="{table.name}.csv"'}
                return Response(as_csv(table.frame), mimetype="text/csv", headers=disposition)
        abort(404)


def _without_prefix(serve: WSGIApplication, prefix: str) -> WSGIApplication:
    """Answer below a prefix as without it: proxies take it off, or hand it on."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if f"{path}/" == prefix or path.startswith(prefix):
            environ = environ | {"PATH_INFO": "/" + path[len(prefix) :]}
        return serve(environ, start)

    return answer


def as_csv(frame: pl.DataFrame) -> str:
    """A table as CSV that no spreadsheet takes for formulas; lists are joined by `` | ``."""
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    flat = frame.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join(" | "))
    nested = [name for name, kind in flat.schema.items() if kind.is_nested()]
    flat = flat.with_columns(pl.col(nested).struct.json_encode()) if nested else flat
    texts = [name for name, kind in flat.schema.items() if kind == pl.String]
    safe = [
        pl.when(pl.col(name).str.contains(_FORMULA))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    ]
    # A column may be named by a value.
    harmless = {name: f"'{name}" for name in flat.columns if re.match(_FORMULA, name)}
    buffer = io.BytesIO()
    flat.with_columns(safe).rename(harmless).write_csv(buffer)
    return buffer.getvalue().decode()


def _guard(server: Flask, settings: Settings) -> None:
    """Ask for the password, if one is set, on everything but the health endpoint."""
    password = settings.dashboard_password.get_secret_value()
    if not password:
        return
    expected = f"{settings.dashboard_username}:{password}".encode()

    @server.before_request
    def check() -> Response | None:
        if request.path == "/health":
            return None
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            credentials = base64.b64decode(given, validate=True) if kind == "Basic" else b""
        except ValueError:
            # No Base64, or letters that are no ASCII.
            credentials = b""
        if hmac.compare_digest(credentials, expected):
            return None
        ask = {"WWW-Authenticate": 'Basic realm="Black Friday Lakehouse", charset="UTF-8"'}
        return Response("Name and password, please.\n", status=401, headers=ask)


def _harden(app: Dash) -> None:
    """Allow the browser nothing but this server's own resources."""

    @app.server.after_request
    def headers(response: Response) -> Response:
        scripts = " ".join(app.csp_hashes())
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; object-src 'none'; base-uri 'self'; "
            "frame-ancestors 'none'; form-action 'self'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
