"""Start: what we know, in one screen; each part leads to the page that shows more."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.formats import AMOUNT, CHANGE, moment, number, percent, short
from dashboard.metrics import with_verdicts
from dashboard.page import Page, View
from dashboard.store import command_that_fills
from dashboard.stream import STREAM_METRICS, newest_metrics, stream_state
from dashboard.theme import Tone
from dashboard.verdicts import VERDICTS, Verdict, read_verdicts, tone_of, verdicts_frame
from lakehouse.publish.step import withheld_because

__all__ = ["PAGE", "Day", "newest_build", "newest_day"]

METRICS = "predictions.model_metrics"
FORECAST = "marts.revenue_forecast"
LOADS = "marts.load_audit"
TESTS = "audit.test_results"


@dataclass(frozen=True)
class Day:
    """Sales of a day beside what the days before let expect.

    Attributes:
        day: the **simulated** day.
        sales: of its hours, in currency units.
        forecast: of the same hours.
        hours: rows of ``marts.revenue_forecast`` of the day.
    """

    day: date
    sales: int
    forecast: float
    hours: pl.DataFrame

    @property
    def distance(self) -> float:
        """How far sales are above the forecast, as a share of it; below 0 if under it."""
        return self.sales / self.forecast - 1


def newest_day(forecast: pl.DataFrame) -> Day | None:
    """The newest day with sales and a forecast; None if there is no such day.

    Args:
        forecast: rows of ``marts.revenue_forecast``.
    """
    known = forecast.filter(pl.col("sum_purchase").is_not_null() & (pl.col("kind") == "backtest"))
    if known.is_empty():
        return None
    hours = known.filter(pl.col("simulated_date") == known["simulated_date"].max())
    expected = hours["simulated_forecast"].sum()
    if not expected:
        return None
    return Day(hours["simulated_date"][0], hours["sum_purchase"].sum(), expected, hours)


def newest_build(results: pl.DataFrame) -> tuple[datetime, dict[str, int]]:
    """When the newest build asked its tests (UTC), and how many there answered what.

    Args:
        results: rows of ``audit.test_results``.
    """
    newest = results.filter(pl.col("tested_at") == results["tested_at"].max())
    return newest["tested_at"][0], dict(newest.group_by("status").len().rows())


def _verdicts(view: View) -> list[Verdict] | None:
    rows = view.store.rows(VERDICTS)
    return None if rows is None else read_verdicts(rows)


def _tables(view: View) -> list[DataTable]:
    verdicts = _verdicts(view)
    if verdicts is None:
        return []
    return [DataTable("verdicts", "The five verdicts", verdicts_frame(verdicts))]


def _content(view: View) -> list[Component]:
    verdicts = _verdicts(view)
    loads = view.store.rows(LOADS)
    content: list[Component] = [blocks.heading("What we know", _summary(verdicts, loads))]
    if verdicts is None:
        content.append(blocks.empty("The five verdicts", VERDICTS))
    else:
        content.append(html.Div([_verdict(one) for one in verdicts], className="tiles verdicts"))
        table = DataTable("verdicts", "The five verdicts", verdicts_frame(verdicts))
        content.append(html.Div(blocks.download(PAGE.path, table), className="downloads"))
    content.append(blocks.section("How it stands", "Sales, data, stream and models right now."))
    tiles = [_data(view, loads), _stream(view), _models(view)]
    return [*content, *_sales(view), html.Div(tiles, className="tiles")]


def _summary(verdicts: list[Verdict] | None, loads: pl.DataFrame | None) -> str:
    if verdicts is None:
        return "Five claims about Black Friday shoppers; the models have not judged them yet."
    judged = [one.outcome for one in verdicts if one.outcome]
    if not judged:
        return "Five claims about Black Friday shoppers; none of them is judged yet."
    parts = [
        f"{count} {one if count == 1 else more}"
        for outcome, one, more in (
            ("Holds", "holds", "hold"),
            ("Holds in part", "holds in part", "hold in part"),
            ("Does not hold", "does not hold", "do not hold"),
        )
        if (count := judged.count(outcome))
    ]
    left = len(verdicts) - len(judged)
    if left:
        parts.append(f"{left} {'is' if left == 1 else 'are'} not judged yet")
    words = f"Of five claims about Black Friday shoppers {', '.join(parts)}."
    kinds = set() if loads is None else set(loads["data_kind"].drop_nulls())
    if kinds - {"real"}:
        return f"{words} Measured on synthetic data, so they tell nothing about real shoppers."
    return words


def _verdict(one: Verdict) -> Component:
    tone = tone_of(one.outcome)
    effect = [
        html.P(html.Span(one.effect.partition(" [")[0], className="big")),
        html.P(
            f"{one.claim.unit.name} {one.claim.effect_name}".strip() + _interval(one.effect),
            className="quiet",
        ),
    ]
    return blocks.tile(
        one.claim.words,
        one.claim.href,
        html.P(blocks.tag(one.outcome or "Not judged yet", tone)),
        *(effect if one.outcome else []),
        html.P(blocks.with_code(one.sentence)),
        more="See the evidence",
        tone=tone,
    )


def _interval(effect: str) -> str:
    bounds = effect.partition(" [")[2].rstrip("]")
    return f"; 95 % interval {bounds}" if bounds else ""


def _sales(view: View) -> list[Component]:
    forecast = view.store.rows(FORECAST)
    day = None if forecast is None else newest_day(forecast)
    if day is None:
        return [blocks.empty("Sales against forecast", FORECAST)]
    error = day.hours["simulated_backtest_error_share"].max()
    side = "above" if day.distance >= 0 else "below"
    return [
        blocks.figures(
            ("Sales of the newest day", short(day.sales), f"{day.day:%d %b %Y}, simulated day"),
            ("Forecast for it", short(day.forecast), "from the days before"),
            ("Against the forecast", CHANGE.write(day.distance), "sales less forecast"),
            ("Error by the hour", percent(error), "of sales, in the backtest"),
        ),
        blocks.chart(
            "sales-today",
            f"Sales of the newest day are {percent(abs(day.distance))} {side} the forecast",
            charts.lines(
                day.hours,
                "simulated_hour_at",
                {"sum_purchase": "Sales", "simulated_forecast": "Forecast"},
                view.scheme,
                unit=AMOUNT,
                band=("simulated_forecast_low", "simulated_forecast_high"),
                height=240,
            ),
            "Hours are drawn at random, as the published data has none: this shows how a forecast "
            "is held against sales. More on the page Business.",
            badge="simulated time",
        ),
    ]


def _tile(title: str, href: str, big: str, words: list[str], more: str, tone: Tone) -> Component:
    lines = [html.P(blocks.with_code(text)) for text in words]
    return blocks.tile(
        title, href, html.P(html.Span(big, className="big")), *lines, more=more, tone=tone
    )


def _missing(title: str, href: str, table: str, more: str) -> Component:
    words = f"No rows in {table} yet: run `{command_that_fills(table)}`."
    return _tile(title, href, "Nothing yet", [words], more, "grey")


def _data(view: View, loads: pl.DataFrame | None) -> Component:
    title, href, more = "Data", "/quality", "Rows, refusals and tests"
    if loads is None:
        return _missing(title, href, LOADS, more)
    landed, accepted, refused = (
        loads[name].sum() for name in ("count_landed", "count_accepted", "count_rejected")
    )
    words = [
        f"{number(landed)} rows came in, {number(refused)} were refused; the newest load is of "
        f"{moment(loads['landed_at'].max())}."
    ]
    tone: Tone = "gain"
    results = view.store.rows(TESTS)
    if results is None:
        words.append("No build has asked its tests yet: run `make build`.")
        tone = "grey"
    else:
        built, answers = newest_build(results)
        failed = answers.get("fail", 0) + answers.get("error", 0)
        warned = answers.get("warn", 0)
        words.append(
            f"Newest build {moment(built)}: {number(answers.get('pass', 0))} of "
            f"{number(sum(answers.values()))} tests passed."
        )
        if failed:
            words.append(f"{failed} failed.")
            tone = "loss"
        elif warned:
            words.append(f"{warned} warned.")
            tone = "warm"
    publication, withheld = view.store.publication(), withheld_because(view.store.settings)
    if publication is not None:
        state = publication.state
        words.append(f"Shown is state {state.state_id} of {moment(state.recorded_at)}.")
    if withheld is not None:
        words.append(f"A newer one is withheld: {withheld}.")
        tone = "loss"
    elif tone == "gain":
        words.append("Nothing is withheld.")
    return _tile(title, href, f"{number(accepted)} purchases", words, more, tone)


def _stream(view: View) -> Component:
    metrics = view.store.rows(STREAM_METRICS)
    state, words, tone = stream_state(metrics, datetime.now(UTC))
    lines = [words]
    if metrics is not None:
        lag = newest_metrics(metrics)["lag_offsets"].sum()
        lines.append(f"{number(lag)} messages were waiting then.")
    return _tile("Stream", "/live", state.capitalize(), lines, "Sales of the last minutes", tone)


def _models(view: View) -> Component:
    title, href, more = "Models", "/models", "Champions, goals and drift"
    metrics = view.store.rows(METRICS)
    if metrics is None:
        return _missing(title, href, METRICS, more)
    judged = with_verdicts(metrics)
    reached, missed = ((judged["reached"] == text).sum() for text in ("yes", "no"))
    words = [
        f"{metrics['task'].n_unique()} tasks, trained until {moment(metrics['scored_at'].max())}.",
        "Goals are for the real data.",
    ]
    tone: Tone = "warm" if missed else "gain"
    return _tile(title, href, f"{reached} of {reached + missed} goals", words, more, tone)


PAGE = Page(
    path="/",
    title="Start",
    reads=(METRICS, VERDICTS, FORECAST, LOADS, TESTS, STREAM_METRICS),
    content=_content,
    tables=_tables,
)
