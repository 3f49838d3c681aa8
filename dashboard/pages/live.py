"""Live: what the stream sold within seconds, and how well it keeps up. Refreshes by itself."""

from datetime import UTC, datetime, timedelta

import polars as pl
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import AMOUNT, Unit, count_of, moment, number, percent, short
from dashboard.page import Page, View
from dashboard.sales import newest_steps
from dashboard.stream import STREAM_METRICS, alerts, newest_metrics, stream_state

__all__ = ["PAGE", "funnel_steps"]

MINUTES = "live.sales_per_minute"
TUMBLING = "live.sales_tumbling_5_minutes"
SLIDING = "live.sales_sliding_10_minutes"
CITIES = "live.average_purchase_by_city"
TOP = "live.top_products"
FREQUENCY = "live.customer_frequency"
SESSIONS = "live.shopping_sessions"
FUNNEL = "marts.conversion_funnel"

_STEPS = {
    "count_views": "Views",
    "count_carts": "Carts",
    "count_checkouts": "Checkouts",
    "count_purchases": "Purchases",
}

_NEWEST_WINDOWS = 120
_SECONDS = Unit("seconds", "count")
_RATE = Unit("rows/s", "count")


def _tables(view: View) -> list[DataTable]:
    titles = {
        TOP: "Top products of the newest 10 minutes",
        CITIES: "Average purchase by city",
        TUMBLING: "Sales in windows of 5 minutes",
        SLIDING: "Sales in sliding windows of 10 minutes",
        MINUTES: "Sales per minute",
        SESSIONS: "Shopping sessions",
        FREQUENCY: "How often customers buy",
        STREAM_METRICS: "Batches of the stream",
    }
    orders = {TOP: ("rank", False), CITIES: ("city_category", False)}
    orders |= {MINUTES: ("window_start_at", True), TUMBLING: ("window_start_at", True)}
    orders |= {SLIDING: ("window_start_at", True), SESSIONS: ("session_start_at", True)}
    orders |= {STREAM_METRICS: ("measured_at", True), FREQUENCY: ("count_purchases", True)}
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
        f"{percent(steps['share_of_views'][-1])} of views end in a purchase",
        charts.bars(steps, "step", "count_steps", view.scheme, unit=count_of("events")),
        "As of the newest build. The steps before a purchase are simulated whole.",
        badge="simulated steps",
    )


def _content(view: View) -> list[Component]:
    metrics = view.store.rows(STREAM_METRICS)
    minutes = view.store.rows(MINUTES)
    state, words, tone = stream_state(metrics, datetime.now(UTC))
    content = [
        blocks.heading(
            "Live",
            "What the stream sold within seconds; refreshes by itself. Minutes are those in the "
            "messages, which the simulator invents; lag, rates and ages are of this very moment.",
        ),
        blocks.state("stream-state", f"The stream is {state}", words, tone),
    ]
    newest = None if metrics is None else newest_metrics(metrics)
    if newest is not None and state == "running":
        content += [
            blocks.note("Something to look at", " ".join(found), "warm")
            for found in [alerts(newest)]
            if found
        ]
    if minutes is not None:
        content += _sales(view, minutes)
    else:
        content.append(blocks.empty("Sales of the stream", MINUTES))
    if metrics is not None and newest is not None:
        content += _health(view, metrics, newest)
    content.append(_funnel(view))
    shown = ("top_products", "average_purchase_by_city", "stream_metrics", "conversion_funnel")
    for data in _tables(view):
        if data.name in shown:
            content.append(blocks.table(PAGE.path, data))
    return content


def _sales(view: View, minutes: pl.DataFrame) -> list[Component]:
    ordered = minutes.sort("window_start_at")
    running = ordered.row(-1, named=True)
    recent = _steps(minutes, 1)
    whole = recent.row(-2, named=True) if len(recent) > 1 else None
    found = [
        blocks.figures(
            (
                "Purchases streamed",
                number(minutes["count_purchases"].sum()),
                "all minutes of event time",
            ),
            ("Sales streamed", short(minutes["total_purchase"].sum()), "currency units"),
            (
                "Last whole minute",
                short(None if whole is None else whole["total_purchase"]),
                "nothing before it"
                if whole is None
                else f"currency units, {moment(whole['window_start_at'])}",
            ),
            (
                "Running minute",
                short(running["total_purchase"]),
                f"so far, {moment(running['window_start_at'])}",
            ),
        ),
        blocks.chart(
            "per-minute",
            f"{_each(recent['total_purchase'].head(-1))} a minute",
            charts.lines(
                recent,
                "window_start_at",
                {"total_purchase": "Sales"},
                view.scheme,
                unit=AMOUNT,
                height=240,
                unfinished=True,
            ),
            f"The newest {len(recent)} minutes of event time; 0 where nothing was sold. The last "
            "one is still filling, so its dot is hollow and its line dotted.",
            badge="simulated event time",
        ),
    ]
    windows = [
        blocks.chart(
            name,
            f"{_each(drawn['total_purchase'].head(-1))} {each}",
            charts.lines(
                drawn,
                "window_start_at",
                {"total_purchase": "Sales"},
                view.scheme,
                unit=AMOUNT,
                height=220,
                unfinished=True,
            ),
            words,
            badge="simulated event time",
        )
        for table, name, each, words, apart in (
            (
                TUMBLING,
                "tumbling",
                "in 5 minutes",
                "Windows of 5 minutes follow one another: each purchase counts in one of them.",
                5,
            ),
            (
                SLIDING,
                "sliding",
                "in 10 minutes",
                "A window of 10 minutes opens every 2: each purchase counts in five, so the line "
                "is smooth.",
                2,
            ),
        )
        if (frame := view.store.rows(table)) is not None
        for drawn in [_steps(frame, apart)]
    ]
    top = view.store.rows(TOP)
    if top is None:
        return [*found, blocks.columns(*windows)] if windows else found
    first = top.sort("rank")["product_id"][0]
    best = blocks.chart(
        "live-top",
        f"{first} leads the newest 10 minutes",
        charts.bars(
            top.sort("rank"),
            "product_id",
            "total_purchase",
            view.scheme,
            unit=AMOUNT,
            title="sales",
        ),
        "Ten products with most sales in the newest 10 minutes of event time.",
        badge="simulated event time",
    )
    return [*found, *([blocks.columns(*windows)] if windows else []), best]


def _each(sums: pl.Series) -> str:
    """What is usual in the windows that are over."""
    return f"Mostly around {short(sums.median())} currency units" if len(sums) else "The first"


def _steps(windows: pl.DataFrame, minutes_apart: int) -> pl.DataFrame:
    step = timedelta(minutes=minutes_apart)
    return newest_steps(windows, "window_start_at", step, ("total_purchase",), _NEWEST_WINDOWS)


def _health(view: View, metrics: pl.DataFrame, newest: pl.DataFrame) -> list[Component]:
    lag = newest["lag_offsets"].sum()
    slowest = newest["lag_seconds"].max()
    rate = newest["processed_rows_per_second"].max()
    recent = metrics.sort("measured_at").tail(400)
    rates = recent.group_by("measured_at").agg(
        pl.col("input_rows_per_second").max(), pl.col("processed_rows_per_second").max()
    )
    spare = rates.filter(pl.col("processed_rows_per_second") >= pl.col("input_rows_per_second"))
    return [
        blocks.section("Does it keep up", "In real time, not simulated."),
        blocks.figures(
            ("Lag", number(lag), "records in Kafka not yet read"),
            ("Age of results", f"{number(slowest, 1)} s", "oldest among the queries"),
            ("Processed", f"{number(rate)}/s", "rows, fastest query, newest batch"),
        ),
        blocks.columns(
            blocks.chart(
                "rate",
                f"It kept up in {percent(len(spare) / len(rates), 0)} of the newest batches",
                charts.lines(
                    rates,
                    "measured_at",
                    {"processed_rows_per_second": "Processed", "input_rows_per_second": "In"},
                    view.scheme,
                    unit=_RATE,
                    height=220,
                ),
                "While processed stays above in, nothing piles up.",
            ),
            blocks.chart(
                "lag",
                f"Results were at most {number(recent['lag_seconds'].max(), 1)} s old",
                charts.lines(
                    recent.group_by("measured_at").agg(pl.col("lag_seconds").max()),
                    "measured_at",
                    {"lag_seconds": "Age"},
                    view.scheme,
                    unit=_SECONDS,
                    height=220,
                ),
                "How old the newest result was when it could be read.",
            ),
        ),
    ]


PAGE = Page(
    path="/live",
    title="Live",
    reads=(MINUTES, TUMBLING, SLIDING, CITIES, TOP, FREQUENCY, SESSIONS, STREAM_METRICS, FUNNEL),
    content=_content,
    tables=_tables,
)
