"""Business: facts first, then what rests on simulated times, last what rests on assumptions."""

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.campaign import campaign
from dashboard.controls import slider
from dashboard.formats import AMOUNT, CHANGE, number, percent, short
from dashboard.page import Page, View

__all__ = ["PAGE"]

VALUE = "marts.customer_lifetime_value"
CHURN = "marts.churn_early_warning"
FORECAST = "marts.revenue_forecast"
PRICES = "marts.price_sensitivity_by_segment"
CAMPAIGN = "marts.campaign_lift_simulation"
_RANGES = {
    "lift": {"default": 3, "low": 0, "high": 20},
    "cost": {"default": 2000, "low": 0, "high": 20_000},
    "margin": {"default": 25, "low": 1, "high": 90},
    "reached": {"default": 10, "low": 1, "high": 10},
}

_ORDERS = {
    PRICES: ("segment_attribute", False, "Prices by segment"),
    FORECAST: ("simulated_hour_at", False, "Forecast by hour"),
    CHURN: ("simulated_warning_rank", False, "Silence by simulated time, an exercise"),
    VALUE: ("assumed_lifetime_value", True, "Customers by assumed lifetime value"),
    CAMPAIGN: ("value_decile", False, "Campaign scenarios of the mart"),
}


# What the rows of a table rest on.
_BADGES = {
    "price_sensitivity_by_segment": "",
    "revenue_forecast": "simulated time",
    "churn_early_warning": "simulated time",
    "customer_lifetime_value": "assumptions",
    "campaign_lift_simulation": "assumptions",
    "campaign": "assumptions",
}


def _assumptions(view: View) -> dict[str, float]:
    given = {name: view.query.number(name, **span) for name, span in _RANGES.items()}
    return given | {"reached": round(given["reached"])}


def _simulated(view: View, scenarios: pl.DataFrame) -> pl.DataFrame:
    given = _assumptions(view)
    return campaign(
        scenarios,
        lift=given["lift"] / 100,
        cost=given["cost"],
        margin=given["margin"] / 100,
        reached=int(given["reached"]),
    )


def _tables(view: View) -> list[DataTable]:
    found = []
    for table, (column, descending, title) in _ORDERS.items():
        frame = view.store.rows(table)
        if frame is not None:
            ordered = frame.sort(column, descending=descending)
            found.append(DataTable(table.partition(".")[2], title, ordered))
    scenarios = view.store.rows(CAMPAIGN)
    if scenarios is not None:
        found.append(DataTable("campaign", "Your campaign by tenth", _simulated(view, scenarios)))
    return found


def _content(view: View) -> list[Component]:
    parts = {
        PRICES: ("Pricing", _prices),
        FORECAST: ("Forecast", _forecast),
        CHURN: ("Churn warning", _churn),
        VALUE: ("Lifetime value", _value),
        CAMPAIGN: ("Campaign simulator", _campaign),
    }
    drawn: dict[str, Component] = {}
    for table, (title, part) in parts.items():
        frame = view.store.rows(table)
        drawn[table] = blocks.empty(title, table) if frame is None else part(view, frame)
    return [
        blocks.heading(
            "Business",
            "Facts stand first. What is hatched rests on assumptions, set as variables of the dbt "
            "project; what is labelled simulated rests on invented times. Both show how to decide, "
            "not what will happen.",
        ),
        blocks.section("Facts", "Measured on the purchases alone."),
        drawn[PRICES],
        blocks.section("On simulated time", "Exercises: the hours are drawn at random."),
        blocks.columns(drawn[FORECAST], drawn[CHURN]),
        blocks.section("On assumptions", "Margin, return and cost are not in the data."),
        drawn[VALUE],
        drawn[CAMPAIGN],
        *(
            blocks.table(PAGE.path, data, view.search, badge=_BADGES[data.name])
            for data in _tables(view)
        ),
    ]


def _value(view: View, frame: pl.DataFrame) -> Component:
    tiers = (
        frame.group_by("value_tier")
        .agg(pl.len().alias("count_customers"), pl.col("assumed_lifetime_value").sum())
        .sort("assumed_lifetime_value", descending=True)
    )
    first = tiers.row(0, named=True)
    share = first["assumed_lifetime_value"] / tiers["assumed_lifetime_value"].sum()
    return blocks.chart(
        "lifetime-value",
        f"{percent(first['count_customers'] / len(frame))} of the customers carry "
        f"{percent(share)} of the value",
        charts.bars(
            tiers,
            "value_tier",
            "assumed_lifetime_value",
            view.scheme,
            unit=AMOUNT,
            title="margin over the years",
            assumed=True,
        ),
        f"The {number(first['count_customers'])} of tier {first['value_tier']} bring the first "
        "half of sales. Margin and return are assumed, so take the ranking and not the amounts.",
        badge="assumptions",
    )


def _churn(view: View, frame: pl.DataFrame) -> Component:
    tones = {"high": "loss", "medium": "warm", "low": "grey"}
    risks = (
        frame.group_by("simulated_churn_risk")
        .agg(pl.len().alias("count_customers"), pl.col("simulated_sales_at_risk").sum())
        .with_columns(
            tone=pl.col("simulated_churn_risk").replace_strict(tones, default="grey"),
            place=pl.col("simulated_churn_risk").replace_strict(
                {name: place for place, name in enumerate(tones)}, default=9
            ),
        )
        .sort("place")
    )
    high = frame.filter(pl.col("simulated_churn_risk") == "high")
    return blocks.chart(
        "churn",
        f"{number(len(high))} customers are silent for longer than their rhythm lets expect",
        charts.bars(
            risks,
            "simulated_churn_risk",
            "simulated_sales_at_risk",
            view.scheme,
            unit=AMOUNT,
            title="sales at risk",
            tones="tone",
            assumed=True,
        ),
        "By churn risk. The visits' times are random, so nobody needs to be called: this shows how "
        "a warning would be made.",
        badge="simulated time",
    )


def _forecast(view: View, frame: pl.DataFrame) -> Component:
    error = frame["simulated_backtest_error_share"].max()
    return blocks.chart(
        "forecast",
        f"The forecast by hour is off by {percent(error)} of sales",
        charts.lines(
            frame,
            "simulated_hour_at",
            {"sum_purchase": "Sales", "simulated_forecast": "Forecast"},
            view.scheme,
            unit=AMOUNT,
            band=("simulated_forecast_low", "simulated_forecast_high"),
            height=300,
        ),
        "Errors of the backtest over two days. Three days of random hours have no rhythm to learn; "
        "a forecast to order by needs weeks of real ones.",
        badge="simulated time",
    )


def _prices(view: View, frame: pl.DataFrame) -> Component:
    segments = frame.filter(pl.col("segment_attribute") != "everyone").with_columns(
        label=pl.format(
            "{} {}", pl.col("segment_attribute").str.replace_all("_", " "), "segment_value"
        ).str.to_titlecase(),
        change=pl.col("price_index") - 1,
    )
    ordered = segments.sort("change", descending=True).with_columns(
        tone=pl.when(pl.col("change") >= 0).then(pl.lit("accent")).otherwise(pl.lit("warm"))
    )
    first, last = ordered.row(0, named=True), ordered.row(-1, named=True)
    return blocks.chart(
        "prices",
        f"{first['label']} buys dearest, {last['label']} cheapest",
        charts.bars(
            ordered,
            "label",
            "change",
            view.scheme,
            unit=CHANGE,
            title="above or below the prices of the same categories",
            tones="tone",
        ),
        "Compared within the same categories, so the mix of categories does not matter. Prices "
        "never move in the data, so no elasticity is claimed.",
    )


def _campaign(view: View, scenarios: pl.DataFrame) -> Component:
    given = _assumptions(view)
    found = _simulated(view, scenarios)
    profit, cost = found["assumed_profit"].sum(), found["assumed_cost"].sum()
    gain = found["sum_purchase"].sum() * given["margin"] / 100
    break_even = cost / gain if gain else None
    sliders = [
        slider(name, label, given[name], **_RANGES[name], step=step, unit=unit)
        for name, label, step, unit in (
            ("lift", "Lift of spending", 0.5, "%"),
            ("cost", "Cost per customer", 250, "units"),
            ("margin", "Gross margin", 1, "%"),
            ("reached", "Tenths reached", 1, "of 10, best first"),
        )
    ]
    cards = blocks.figures(
        ("Profit", short(profit), "margin gained less cost"),
        ("Cost", short(cost), f"{number(found['count_customers'].sum())} customers"),
        ("Breaks even at", percent(break_even), "lift of spending"),
        ("Verdict", "pays" if profit > 0 else "does not pay", "under these assumptions"),
    )
    figure = charts.bars(
        found.with_columns(
            label=pl.format("tenth {}", "value_decile"),
            tone=pl.when(pl.col("assumed_profit") > 0)
            .then(pl.lit("gain"))
            .otherwise(pl.lit("loss")),
        ),
        "label",
        "assumed_profit",
        view.scheme,
        unit=AMOUNT,
        title="profit",
        tones="tone",
        assumed=True,
    )
    paying = (found["assumed_profit"] > 0).sum()
    return html.Div(
        [
            html.Div(sliders, className="filters", role="group", **{"aria-label": "Assumptions"}),
            cards,
            blocks.chart(
                "campaign",
                f"The campaign would pay for {paying} of {len(found)} tenths of the customers",
                figure,
                "Tenth 1 spends most; green is a gain, red a loss. Nothing in the data was caused "
                "by a campaign: the lift is assumed, by you.",
                badge="assumptions",
            ),
        ],
        className="stack",
    )


PAGE = Page(
    path="/business",
    title="Business",
    reads=(VALUE, CHURN, FORECAST, PRICES, CAMPAIGN),
    content=_content,
    tables=_tables,
)
