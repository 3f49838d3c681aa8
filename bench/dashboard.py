"""How long a person waits for the dashboard: first paint, first numbers, a change of a filter."""

import statistics
from typing import TYPE_CHECKING

from rich.console import Console

from bench.report import write_results, write_section
from dashboard.app import data_kinds
from dashboard.browser import browser, open_page
from dashboard.pages import PAGES
from dashboard.store import Store
from lakehouse.services import supervisor
from lakehouse.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["bench_dashboard", "filter_milliseconds", "paint_milliseconds"]

_REPEATS = 5


def bench_dashboard(settings: Settings, console: Console) -> None:
    """Measure the dashboard on the tables that stand, into var/results and docs/benchmarks.md."""
    supervisor.up(["dashboard"], settings, console.print)
    origin = f"http://127.0.0.1:{settings.dashboard_port}"
    figures: dict[str, float | int | str] = {}
    with browser() as chromium:
        for path in PAGES:
            name = _name(path)
            runs = []
            for _ in range(_REPEATS):
                page, _ = open_page(chromium, origin, path)
                runs.append(paint_milliseconds(page))
                page.context.close()
            for figure in ("first_paint", "first_numbers"):
                middle = statistics.median(run[figure] for run in runs)
                figures[f"dashboard_{name}_{figure}_ms"] = round(middle)
        page, _ = open_page(chromium, origin, "/overview")
        changes = [filter_milliseconds(page) for _ in range(2 * _REPEATS)]
        figures["dashboard_filter_change_ms"] = round(statistics.median(changes))
        figures["dashboard_slowest_filter_change_ms"] = round(max(changes))
    store = Store(settings)
    purchases = store.state("marts.fct_purchases")
    figures["dashboard_purchases"] = purchases.count_rows if purchases else 0
    figures["dashboard_data_kind"] = " and ".join(data_kinds(store))
    write_results("dashboard", figures, settings)
    write_section("dashboard", _section(figures))
    for name, value in figures.items():
        console.print(f"{name}: {value}", highlight=False)


def _section(figures: dict[str, float | int | str]) -> str:
    kind = str(figures["dashboard_data_kind"])
    rows = [
        f"| {page.title} | {figures[f'dashboard_{name}_first_paint_ms']:,} ms "
        f"| {figures[f'dashboard_{name}_first_numbers_ms']:,} ms |"
        for page in PAGES.values()
        for name in [_name(page.path)]
    ]
    return "\n".join(
        [
            "## The dashboard",
            "",
            f"`make bench ONLY=dashboard`, {figures['dashboard_purchases']:,} purchases, {kind} "
            f"data, Chromium without a window, median of {_REPEATS} visits in a fresh profile.",
            "",
            "| page | first paint | first numbers |",
            "|---|---|---|",
            *rows,
            "",
            f"A filter changes the numbers of the overview in "
            f"{figures['dashboard_filter_change_ms']:,} ms (median of {2 * _REPEATS}; the slowest "
            f"took {figures['dashboard_slowest_filter_change_ms']:,} ms).",
        ]
    )


def _name(path: str) -> str:
    return path.strip("/") or "start"


def paint_milliseconds(page: "Page") -> dict[str, float]:
    """From the request to the first paint, and to the first numbers, of a page just opened."""
    return page.evaluate(
        """() => ({
            first_paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
            first_numbers: performance.getEntriesByName("first-numbers")[0].startTime,
        })"""
    )


def filter_milliseconds(page: "Page") -> float:
    """From a change of the overview's filter to the frame that shows the new sum.

    The filter is put on, or taken off if it is on.
    """
    return page.evaluate(
        """() => new Promise((done) => {
            const card = () => document.querySelector("#content .figure-value").textContent;
            const before = card();
            const started = performance.now();
            const watch = () => {
                if (card() !== before) { done(performance.now() - started); }
                else { requestAnimationFrame(watch); }
            };
            const search = new URLSearchParams(window.location.search).get("city") ? "" : "?city=A";
            window.dash_clientside.set_props("location", { search: search });
            requestAnimationFrame(watch);
        })"""
    )
