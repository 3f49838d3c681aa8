"""``python -m dashboard``: serve the dashboard; `make dashboard` calls it."""

import logging

import typer
from rich.console import Console

from dashboard.server import run
from lakehouse.console import run_app
from lakehouse.settings import settings

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve() -> None:
    """Serve the dashboard on the lakehouse until Ctrl-C; settings say where.

    Example: LAKEHOUSE_DASHBOARD_PORT=9000 python -m dashboard
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    place = f"http://{settings().dashboard_host}:{settings().dashboard_port}"
    Console().print(f"Dashboard: {place} (Ctrl-C stops it)", highlight=False, soft_wrap=True)
    run(settings())


run_app(app)
