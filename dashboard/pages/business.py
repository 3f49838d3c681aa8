"""Business: what customers are worth, who may leave, what comes, what a campaign would bring."""

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard import blocks, charts
from dashboard.blocks import DataTable
from dashboard.controls import slider
from dashboard.formats import number, percent, short
from dashboard.page import Page, View

__all__ = ["PAGE", "campaign"]

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
    VALUE: ("assumed_lifetime_value", True, "Customers by assumed lifetime value"),
    CHURN: ("simulated_warning_rank", False, "Whom to call first"),
    FORECAST: ("simulated_hour_at", False, "Forecast by hour"),
    PRICES: ("segment_attribute", False, "Prices by segment"),
    CAMPAIGN: ("value_decile", False, "Campaign scenarios of the mart"),
}


def campaign(
    scenarios: pl.DataFrame, *, lift: float, cost: float, margin: float, reached: int
) -> pl.DataFrame:
    """What a campaign would bring under assumptions, one row per tenth of the customers.

    Args:
        scenarios: value_decile, count_customers, sum_purchase; repeated for each scenario.
        lift: assumed rise of spending, as a share.
        cost: of reaching one customer, in currency units.
        margin: part of sales left after the cost of goods, as a share.
        reached: how many tenths are reached, from those who spend most.
    """
    return (
        scenarios.unique("value_decile", keep="first")
        .sort("value_decile")
        .head(reached)
        .select(
            "value_decile",
            "count_customers",
            "sum_purchase",
            assumed_extra_margin=pl.col("sum_purchase") * lift * margin,
            assumed_cost=pl.col("count_customers") * cost,
        )
        .with_columns(assumed_profit=pl.col("assumed_extra_margin") - pl.col("assumed_cost"))
    )


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
        VALUE: ("Lifetime value", _value),
        CHURN: ("Churn warning", _churn),
        FORECAST: ("Forecast", _forecast),
        PRICES: ("Pricing", _prices),
        CAMPAIGN: ("Campaign simulator", _campaign),
    }
    content: list[Component] = [
        blocks.heading("Business", "What customers are worth, who may leave, what would pay."),
        blocks.note(
            "On assumptions and simulated time",
            "Margins, retention and costs are assumptions, set as variables of the dbt project; "
            "times are simulated. These pages show how to decide, not what will happen.",
            "grape",
        ),
    ]
    cards = []
    for table, (title, part) in parts.items():
        frame = view.store.rows(table)
        if frame is None:
            content.append(blocks.empty(title, table))
        elif part is _campaign:
            content.append(part(view, frame))
        else:
            cards.append(part(view, frame))
    content.append(blocks.columns(*cards))
    badges = {"churn_early_warning": "simulated time", "revenue_forecast": "simulated time"}
    return content + [
        blocks.table(PAGE.path, data, view.search, badge=badges.get(data.name, "assumptions"))
        for data in _tables(view)
    ]


def _value(view: View, frame: pl.DataFrame) -> Component:
    tiers = (
        frame.group_by("value_tier")
        .agg(pl.len().alias("count_customers"), pl.col("assumed_lifetime_value").sum())
        .sort("assumed_lifetime_value", descending=True)
    )
    first = tiers.row(0, named=True)
    total = tiers["assumed_lifetime_value"].sum()
    return blocks.chart(
        "lifetime-value",
        "Lifetime value by tier",
        charts.bars(
            tiers,
            "value_tier",
            "assumed_lifetime_value",
            view.scheme,
            unit="margin over the years",
            height=240,
        ),
        f"{first['count_customers']:,} customers of tier {first['value_tier']} carry "
        f"{percent(first['assumed_lifetime_value'] / total)} of it.",
        badge="assumptions",
    )


def _churn(view: View, frame: pl.DataFrame) -> Component:
    risks = (
        frame.group_by("simulated_churn_risk")
        .agg(pl.len().alias("count_customers"), pl.col("simulated_sales_at_risk").sum())
        .sort("simulated_sales_at_risk", descending=True)
    )
    high = frame.filter(pl.col("simulated_churn_risk") == "high")
    return blocks.chart(
        "churn",
        "Sales at risk by churn risk",
        charts.bars(
            risks,
            "simulated_churn_risk",
            "simulated_sales_at_risk",
            view.scheme,
            unit="sales at risk",
            colour=5,
            height=240,
        ),
        f"{len(high):,} customers are silent for longer than their own rhythm lets expect.",
        badge="simulated time",
    )


def _forecast(view: View, frame: pl.DataFrame) -> Component:
    error = frame["simulated_backtest_error_share"].max()
    return blocks.chart(
        "forecast",
        "Sales and forecast by hour",
        charts.lines(
            frame,
            "simulated_hour_at",
            {"sum_purchase": "Sales", "simulated_forecast": "Forecast"},
            view.scheme,
            unit="sales",
            band=("simulated_forecast_low", "simulated_forecast_high"),
            height=300,
        ),
        f"In the backtest the errors are {percent(error)} of sales.",
        badge="simulated time",
    )


def _prices(view: View, frame: pl.DataFrame) -> Component:
    segments = frame.filter(pl.col("segment_attribute") != "everyone").with_columns(
        label=pl.format("{} {}", "segment_attribute", "segment_value"),
        percent=(pl.col("price_index") - 1) * 100,
    )
    ordered = segments.sort("percent", descending=True)
    first, last = ordered.row(0, named=True), ordered.row(-1, named=True)
    return blocks.chart(
        "prices",
        "Who buys dearer variants",
        charts.bars(
            ordered,
            "label",
            "percent",
            view.scheme,
            unit="% above or below the prices of the same categories",
            number_format="+.2f",
            height=300,
        ),
        f"{first['label']} buys dearest, {last['label']} cheapest, within the same categories. "
        "Prices never move in the data, so no elasticity is claimed.",
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
        found.with_columns(label=pl.format("tenth {}", "value_decile")),
        "label",
        "assumed_profit",
        view.scheme,
        unit="profit",
        colour=2,
        height=320,
    )
    return html.Div(
        [
            html.Div(sliders, className="filters", role="group", **{"aria-label": "Assumptions"}),
            cards,
            blocks.chart(
                "campaign",
                "Campaign simulator: profit by tenth of the customers",
                figure,
                "Tenth 1 spends most. Nothing in the data was caused by a campaign: the lift is "
                "assumed, by you.",
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
