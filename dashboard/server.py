"""Serving the dashboard by gunicorn: one process, so that its tables are in memory once."""

import logging
import threading
from typing import Any

from gunicorn.app.base import BaseApplication

from dashboard.app import create_app
from dashboard.page import View
from dashboard.pages import overview, start
from dashboard.query import Query
from dashboard.store import Store
from lakehouse.errors import LakehouseError, SettingsError
from lakehouse.settings import Settings

__all__ = ["run"]

log = logging.getLogger(__name__)

_THREADS = 8


class _Server(BaseApplication):
    """Gunicorn, configured from the project's settings alone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.dashboard_host}:{self.settings.dashboard_port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": _THREADS,
            "timeout": 60,
            "proc_name": "lakehouse-dashboard",
            "accesslog": None,
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Make the application in the worker: the threads of polars do not survive a fork."""
        store = Store(self.settings)
        threading.Thread(target=_warm_up, args=(store,), daemon=True).start()
        return create_app(store).server


def _warm_up(store: Store) -> None:
    """Read the tables of the pages that are opened first, so that no person waits for them."""
    for page in (start.PAGE, overview.PAGE):
        try:
            page.tables(View(store, Query.parse(""), "light"))
        except LakehouseError:
            log.exception("page %s is not ready", page.path)


def run(settings: Settings) -> None:
    """Serve until stopped.

    Raises:
        SettingsError: a name without a password, or the other way round.
    """
    if bool(settings.dashboard_username) != bool(settings.dashboard_password.get_secret_value()):
        raise SettingsError(
            "LAKEHOUSE_DASHBOARD_USERNAME and LAKEHOUSE_DASHBOARD_PASSWORD belong together, and "
            "only one is set. Set both in .env, or none"
        )
    _Server(settings).run()
