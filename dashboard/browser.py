"""A headless browser on the dashboard, for tests, screenshots and measuring."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse.errors import ServiceError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["CHROMIUM", "Problems", "browser", "open_page", "wait_until"]

CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PATIENCE_MILLISECONDS = 60_000


class Problems:
    """What went wrong on a page: messages of its console, and requests to other hosts."""

    def __init__(self, page: "Page", origin: str) -> None:
        self.messages: list[str] = []
        self.foreign: list[str] = []
        page.on(
            "console",
            lambda message: (
                self.messages.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: self.messages.append(str(error)))
        page.on(
            "request",
            lambda request: (
                self.foreign.append(request.url)
                if not request.url.startswith((origin, "data:", "blob:"))
                else None
            ),
        )


@contextmanager
def browser() -> Iterator["Browser"]:
    """Start Chromium without a window.

    Raises:
        ServiceError: Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ServiceError("Playwright is missing. Install the group dev: `make setup`") from None
    if not CHROMIUM.exists():
        raise ServiceError(f"There is no {CHROMIUM}. Install it: sudo apt-get install -y chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(_ARGUMENTS), timeout=_PATIENCE_MILLISECONDS
        )
        yield started
        started.close()


def open_page(
    browser: "Browser", origin: str, path: str, *, scheme: str = "light", width: int = 1360
) -> tuple["Page", Problems]:
    """Open a page in a fresh profile and wait until its content stands."""
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MILLISECONDS)
    problems = Problems(page, origin)
    page.goto(origin + path)
    page.wait_for_selector("#content h1, #content [role=alert]")
    wait_until(
        page,
        "() => [...document.querySelectorAll('#content .dash-graph')]"
        ".every((graph) => graph.querySelector('.main-svg'))",
    )
    return page, problems


def wait_until(page: "Page", script: str, argument: object = None) -> None:
    """Wait until a function of JavaScript is true in the page.

    Playwright's own way of waiting evaluates text, which the pages' security policy forbids.

    Raises:
        ServiceError: it stays false for a minute.
    """
    deadline = time.monotonic() + _PATIENCE_MILLISECONDS / 1000
    while not page.evaluate(script, argument):
        if time.monotonic() > deadline:
            raise ServiceError(f"{page.url} stays without what was waited for: {script}")
        page.wait_for_timeout(50)
