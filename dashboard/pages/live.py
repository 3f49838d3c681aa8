"""Live: what the stream sold within seconds, and how well it keeps up. Refreshes by itself."""

from datetime import UTC, datetime, timedelta

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import moment, number, percent, short
from dashboard.page import Page, View
from dashboard.sales import newest_steps

__all__ = ["PAGE", "funnel_steps", "stream_state"]

MINUTES = "live.sales_per_minute"
TUMBLING = "live.sales_tumbling_5_minutes"
SLIDING = "live.sales_sliding_10_minutes"
CITIES = "live.average_purchase_by_city"
TOP = "live.top_products"
FREQUENCY = "live.customer_frequency"
SESSIONS = "live.shopping_sessions"
METRICS = "live.stream_metrics"
FUNNEL = "marts.conversion_funnel"

_STEPS = {
    "count_views": "Views",
    "count_carts": "Carts",
    "count_checkouts": "Checkouts",
    "count_purchases": "Purchases",
}

# Batches come every few seconds: after this long without one something is late, and after the
# second the stream has stopped or its topics are silent.
_STALE_SECONDS = 30
_STOPPED_SECONDS = 180
_NEWEST_WINDOWS = 120


def stream_state(metrics: pl.DataFrame | None, now: datetime) -> tuple[str, str, str]:
    """State of the stream by its newest batch: its name, words for it, and a colour.

    Args:
        metrics: rows of ``live.stream_metrics``; None without any.
        now: the moment to judge at (UTC).
    """
    if metrics is None:
        return "not started", "No batch was ever recorded. Run `make stream`.", "gray"
    newest = metrics["measured_at"].max()
    age = (now - newest).total_seconds()
    words = f"The newest batch was measured {_ago(age)} ago, at {newest:%Y-%m-%d %H:%M:%S} UTC."
    if age > _STOPPED_SECONDS:
        more = " No message came or the job is stopped: `make status` tells; `make stream` starts."
        return "stopped or silent", words + more, "red"
    if age > _STALE_SECONDS:
        return "stale", words + " No message came since, or the next batch is late.", "yellow"
    return "running", words, "green"


def _ago(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"


def _newest_metrics(metrics: pl.DataFrame) -> pl.DataFrame:
    return metrics.sort("measured_at").group_by("query_name").last().sort("query_name")


def _tables(view: View) -> list[DataTable]:
    titles = {
        TOP: "Top products of the newest 10 minutes",
        CITIES: "Average purchase by city",
        TUMBLING: "Sales in windows of 5 minutes",
        SLIDING: "Sales in sliding windows of 10 minutes",
        MINUTES: "Sales per minute",
        SESSIONS: "Shopping sessions",
        FREQUENCY: "How often customers buy",
        METRICS: "Batches of the stream",
    }
    orders = {TOP: ("rank", False), CITIES: ("city_category", False)}
    orders |= {MINUTES: ("window_start_at", True), TUMBLING: ("window_start_at", True)}
    orders |= {SLIDING: ("window_start_at", True), SESSIONS: ("session_start_at", True)}
    orders |= {METRICS: ("measured_at", True), FREQUENCY: ("count_purchases", True)}
    found = []
    for table, title in titles.items():
        frame = view.store.rows(table)
        if frame is not None:
            column, descending = orders[table]
            name = table.partition(".")[2]
            found.append(DataTable(name, title, frame.sort(column, descending=descending)))
    funnel = view.store.rows(FUNNEL)
    if funnel is not None:
        ordered = funnel.sort("simulated_message_hour_at", "product_category_1")
        found.append(DataTable("conversion_funnel", "Steps by hour and category", ordered))
    return found


def funnel_steps(funnel: pl.DataFrame) -> pl.DataFrame:
    """One row per step from the view to the purchase, with its number over all hours.

    Args:
        funnel: rows of ``marts.conversion_funnel``.

    Returns:
        step, count_steps, and share_of_views; null without views.
    """
    views = funnel["count_views"].sum()
    counts = [funnel[column].sum() for column in _STEPS]
    shares = [count / views if views else None for count in counts]
    return pl.DataFrame(
        {"step": list(_STEPS.values()), "count_steps": counts, "share_of_views": shares},
        schema_overrides={"share_of_views": pl.Float64},
    )


def _funnel(view: View) -> Component:
    funnel = view.store.rows(FUNNEL)
    if funnel is None:
        return blocks.empty("From view to purchase", FUNNEL)
    steps = funnel_steps(funnel)
    return blocks.chart(
        "funnel",
        "From view to purchase",
        charts.bars(
            steps, "step", "count_steps", view.scheme, unit="events", number_format=",", height=220
        ),
        f"{percent(steps['share_of_views'][-1])} of views end in a purchase, as of the newest "
        "build. The steps before a purchase are simulated whole.",
        badge="simulated steps",
    )


def _content(view: View) -> list[Component]:
    metrics = view.store.rows(METRICS)
    minutes = view.store.rows(MINUTES)
    state, words, colour = stream_state(metrics, datetime.now(UTC))
    content = [
        blocks.heading("Live", "What the stream sold within seconds. Refreshes by itself."),
        blocks.state("stream-state", f"The stream is {state}", words, colour),
    ]
    if minutes is not None:
        content += _sales(view, minutes)
    else:
        content.append(blocks.empty("Sales of the stream", MINUTES))
    if metrics is not None:
        content += _health(view, metrics)
    content.append(_funnel(view))
    shown = ("top_products", "average_purchase_by_city", "stream_metrics", "conversion_funnel")
    for data in _tables(view):
        if data.name in shown:
            content.append(blocks.table(PAGE.path, data))
    return content


def _sales(view: View, minutes: pl.DataFrame) -> list[Component]:
    recent = _steps(minutes, 1)
    newest = minutes.sort("window_start_at").row(-1, named=True)
    count = minutes["count_purchases"].sum()
    total = minutes["total_purchase"].sum()
    found = [
        blocks.figures(
            ("Purchases streamed", number(count), "all minutes of event time"),
            ("Sales streamed", short(total), "currency units"),
            ("Newest minute", number(newest["count_purchases"]), moment(newest["window_start_at"])),
            ("Sales in it", short(newest["total_purchase"]), "currency units"),
        ),
        blocks.chart(
            "per-minute",
            "Sales per minute",
            charts.lines(
                recent,
                "window_start_at",
                {"total_purchase": "Sales"},
                view.scheme,
                unit="sales",
                height=240,
                fill=True,
            ),
            f"The newest {len(recent)} minutes of event time; 0 where nothing was sold.",
            badge="simulated event time",
        ),
    ]
    windows = [
        blocks.chart(
            name,
            title,
            charts.lines(
                _steps(frame, minutes_apart),
                "window_start_at",
                {"total_purchase": "Sales"},
                view.scheme,
                unit="sales",
                height=220,
            ),
            words,
            badge="simulated event time",
        )
        for table, name, title, words, minutes_apart in (
            (TUMBLING, "tumbling", "Windows of 5 minutes", "One after the other.", 5),
            (SLIDING, "sliding", "Sliding windows of 10 minutes", "A new one every 2 minutes.", 2),
        )
        if (frame := view.store.rows(table)) is not None
    ]
    top = view.store.rows(TOP)
    if top is not None:
        windows.append(
            blocks.chart(
                "live-top",
                "Top 10 products",
                charts.bars(
                    top.sort("rank"), "product_id", "total_purchase", view.scheme, unit="sales"
                ),
                "By sales in the newest 10 minutes of event time.",
                badge="simulated event time",
            )
        )
    return [*found, blocks.columns(*windows)] if windows else found


def _steps(windows: pl.DataFrame, minutes_apart: int) -> pl.DataFrame:
    step = timedelta(minutes=minutes_apart)
    return newest_steps(windows, "window_start_at", step, ("total_purchase",), _NEWEST_WINDOWS)


def _health(view: View, metrics: pl.DataFrame) -> list[Component]:
    newest = _newest_metrics(metrics)
    lag = newest["lag_offsets"].sum()
    slowest = newest["lag_seconds"].max()
    rate = newest["processed_rows_per_second"].max()
    recent = metrics.sort("measured_at").tail(400)
    return [
        blocks.figures(
            ("Lag", number(lag), "records in Kafka not yet read"),
            ("Age of results", f"{number(slowest, 1)} s", "oldest among the queries"),
            ("Processed", f"{number(rate)}/s", "rows, fastest query, newest batch"),
        ),
        blocks.columns(
            blocks.chart(
                "rate",
                "Rate of the stream",
                charts.lines(
                    recent.group_by("measured_at").agg(
                        pl.col("input_rows_per_second").max(),
                        pl.col("processed_rows_per_second").max(),
                    ),
                    "measured_at",
                    {"input_rows_per_second": "In", "processed_rows_per_second": "Processed"},
                    view.scheme,
                    unit="rows/s",
                    height=220,
                ),
                "While processed stays above in, the stream keeps up. Real time, not simulated.",
            ),
            blocks.chart(
                "lag",
                "Age of the newest result",
                charts.lines(
                    recent.group_by("measured_at").agg(pl.col("lag_seconds").max()),
                    "measured_at",
                    {"lag_seconds": "Seconds"},
                    view.scheme,
                    unit="seconds",
                    height=220,
                ),
                "How old the newest result was when it could be read. Real time.",
            ),
        ),
    ]


PAGE = Page(
    path="/live",
    title="Live",
    reads=(MINUTES, TUMBLING, SLIDING, CITIES, TOP, FREQUENCY, SESSIONS, METRICS, FUNNEL),
    content=_content,
    tables=_tables,
)
