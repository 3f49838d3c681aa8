"""``python -m dashboard.screenshots``: pictures of the pages for README and docs.

They are taken from a running dashboard, and of synthetic data only.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from dashboard.app import data_kinds
from dashboard.browser import browser, open_page
from dashboard.pages import PAGES
from dashboard.store import Store
from lakehouse.console import run_app
from lakehouse.errors import TableError
from lakehouse.settings import PROJECT_DIR, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["VIEWS", "take"]

_IMAGES = PROJECT_DIR / "docs" / "images"

# File -> path, colour scheme and width of the window.
VIEWS = {
    **{f"dashboard-{path[1:] or 'start'}": (path, "light", 1280) for path in PAGES},
    "dashboard-start-dark": ("/", "dark", 1280),
    "dashboard-phone": ("/", "light", 390),
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def take(
    chromium: "Browser", origin: str, folder: Path, names: tuple[str, ...] = tuple(VIEWS)
) -> list[Path]:
    """Take pictures of some of :data:`VIEWS`, each of the whole page."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    for name in names:
        path, scheme, width = VIEWS[name]
        page, _ = open_page(chromium, origin, path, scheme=scheme, width=width)
        # Charts fade in.
        page.wait_for_timeout(400)
        taken.append(folder / f"{name}.png")
        page.screenshot(path=taken[-1], full_page=True)
        page.context.close()
    return taken


@app.command()
def screenshots() -> None:
    """Take the pictures in docs/images from the dashboard that runs.

    Example: python -m lakehouse up dashboard && python -m dashboard.screenshots
    """
    kinds = data_kinds(Store(settings()))
    if kinds != ("synthetic",):
        raise TableError(
            f"The lakehouse holds {' and '.join(kinds) or 'no'} data; pictures are taken of "
            "synthetic data only. Set LAKEHOUSE_VAR_DIR to another folder and run `make build`"
        )
    origin = f"http://127.0.0.1:{settings().dashboard_port}"
    with browser() as chromium:
        for path in take(chromium, origin, _IMAGES):
            Console().print(f"{path.relative_to(PROJECT_DIR)}", highlight=False)


if __name__ == "__main__":
    run_app(app)
