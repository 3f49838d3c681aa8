"""What the business marts say. Assumptions and simulated time are named where they carry it."""

import pandas as pd

from publishing.finding import Chart, Finding
from publishing.inputs import Inputs
from publishing.wording import amount, listing, percent

__all__ = [
    "campaigns",
    "churn",
    "forecast",
    "lifetime_value",
    "price_behaviour",
    "product_demand",
]


def lifetime_value(inputs: Inputs) -> Finding:
    """What customers are worth under the assumptions on margin and loyalty."""
    rows = inputs.table("marts.customer_lifetime_value")
    groups = rows.groupby("value_tier")
    means = groups["assumed_lifetime_value"].mean().sort_values(ascending=False)
    people = groups.size() / len(rows)
    sales = groups["sum_purchase"].sum() / rows["sum_purchase"].sum()
    best = means.index[0]
    return Finding(
        headline=(
            f"{percent(people[best])} of the customers ({best}) hold {percent(sales[best])} of the "
            "sales"
        ),
        points=(
            f"A {best} customer is worth {amount(means.iloc[0])} on average under the assumptions, "
            f"a {means.index[-1]} one {amount(means.iloc[-1])}.",
            f"All together: {amount(rows['assumed_lifetime_value'].sum())}.",
            "Margin, loyalty and interest are assumptions of the dbt project, not measured: the "
            "data covers one weekend.",
        ),
        advice=(
            "Spend on keeping a customer at most a part of that value, by tier; put your own "
            "margin and loyalty into the dbt variables first."
        ),
        sources=("marts.customer_lifetime_value",),
        chart=Chart.of("Mean assumed lifetime value by tier", means),
    )


def product_demand(inputs: Inputs) -> Finding:
    """How many products carry the sales."""
    rows = inputs.table("marts.product_demand")
    groups = rows.groupby("abc_class")["sum_purchase"]
    counts, sales = groups.count(), groups.sum() / rows["sum_purchase"].sum()
    first, last = counts.index.min(), counts.index.max()
    return Finding(
        headline=(
            f"{counts[first]:,} of {len(rows):,} products (class {first}) bring "
            f"{percent(sales[first])} of the sales"
        ),
        points=(
            f"The {counts[last]:,} products of class {last} bring {percent(sales[last])}.",
            "The mart holds a stock for each product if such a weekend came again.",
        ),
        advice=(
            f"Never be out of stock in class {first}; order class {last} on demand, and ask which "
            "of it could go."
        ),
        sources=("marts.product_demand",),
        chart=Chart(
            "Share of products and of sales by class",
            tuple(counts.index),
            {
                "products": tuple(float(v) for v in counts / len(rows)),
                "sales": tuple(float(v) for v in sales),
            },
            "0%",
        ),
    )


def price_behaviour(inputs: Inputs) -> Finding:
    """Who buys dearer or cheaper variants within the same categories."""
    rows = inputs.table("marts.price_sensitivity_by_segment")
    rows = rows[rows["segment_attribute"] != "everyone"]
    names = rows["segment_attribute"].str.replace("_", " ") + " " + rows["segment_value"]
    index = rows.set_index(names)["price_index"].sort_values()
    spread = index.iloc[-1] - index.iloc[0]
    return Finding(
        headline=(
            f"Within the same categories the groups pay within {percent(spread)} of each other"
        ),
        points=(
            f"The dearest variants are bought by {index.index[-1]} (index {index.iloc[-1]:.3f}), "
            f"the cheapest by {index.index[0]} ({index.iloc[0]:.3f}).",
            "An index of 1 is what everyone pays for the same categories. Prices did not vary at "
            "random, so this shows what is chosen, not what a price change would do.",
        ),
        advice=(
            "Set prices by product, not by customer group, unless a test of your own shows a "
            "stronger difference than this."
        ),
        sources=("marts.price_sensitivity_by_segment",),
        chart=Chart.of("Difference of the price index from everyone's", index - 1, "0.0%", "bars"),
    )


def campaigns(inputs: Inputs) -> Finding:
    """From which lift a campaign pays, by tenth of the customers."""
    rows = inputs.table("marts.campaign_lift_simulation")
    lifts = rows.groupby("value_decile")["break_even_lift"].first().sort_index()
    by_scenario = rows.groupby("scenario")
    lift = by_scenario["assumed_lift"].first().sort_values()
    profit = by_scenario["assumed_profit"].sum()
    worth = rows[rows["assumed_profit"] > 0].groupby("scenario")["value_decile"].nunique()
    points = tuple(
        f"Scenario {name} ({percent(lift[name])} more spending): pays in "
        f"{int(worth.get(name, 0))} of {len(lifts)} tenths, {amount(profit[name])} in all."
        for name in lift.index
    )
    return Finding(
        headline=(
            f"A campaign to the best tenth pays from a lift of {percent(lifts.iloc[0])}, to the "
            f"last one only from {percent(lifts.iloc[-1])}"
        ),
        points=(*points, "Lift, cost and margin are assumptions; no campaign was observed."),
        advice=(
            "Address the tenths whose break-even lift you have reached before, and keep a control "
            "group: it gives the lift that this can only assume."
        ),
        sources=("marts.campaign_lift_simulation",),
        chart=Chart.of("Lift at which a campaign breaks even, by tenth (1: best)", lifts, "0.0%"),
    )


def churn(inputs: Inputs) -> Finding:
    """Whose silence is surprising, on simulated time."""
    rows = inputs.table("marts.churn_early_warning")
    at_risk = rows.groupby("simulated_churn_risk")["simulated_sales_at_risk"].sum()
    people = rows["simulated_churn_risk"].value_counts(normalize=True)
    order = [name for name in ("high", "medium", "low") if name in people.index]
    return Finding(
        headline=(
            f"SIMULATED: {percent(people.get('high', 0.0))} of the customers have been silent for "
            "surprisingly long"
        ),
        points=(
            f"The warning weighs {amount(at_risk.sum())} of sales at risk, by customer.",
            "It rests on simulated event times: it shows how a warning would work and says nothing "
            "about these customers.",
        ),
        advice="Connect real timestamps before anyone is called because of this list.",
        sources=("marts.churn_early_warning",),
        chart=Chart.of("SIMULATED: share of customers by risk", people[order], "0%"),
    )


def forecast(inputs: Inputs) -> Finding:
    """Sales by hour and the day after, on simulated time."""
    rows = inputs.table("marts.revenue_forecast").sort_values("simulated_hour_at")
    error = rows["simulated_backtest_error_share"].dropna()
    ahead = rows[rows["sum_purchase"].isna()]["simulated_forecast"].sum()
    kinds = listing([str(kind) for kind in rows["kind"].unique()])
    return Finding(
        headline=f"SIMULATED: the day after the weekend is forecast at {amount(ahead)}",
        points=(
            *(
                [f"Over the hours that it could be tried on, it was {percent(error.iloc[0])} off."]
                if len(error)
                else []
            ),
            f"The hours are {kinds}; the mart has bounds for each.",
            "It rests on simulated event times: a working method without a message.",
        ),
        advice="Feed real timestamps, then plan by the bounds, not the middle.",
        sources=("marts.revenue_forecast",),
        chart=Chart(
            "SIMULATED: sales by hour",
            tuple(f"{hour:%d %b %Hh}" for hour in rows["simulated_hour_at"]),
            {
                "sales": _numbers(rows["sum_purchase"]),
                "forecast": _numbers(rows["simulated_forecast"]),
            },
            "#,##0",
            "line",
        ),
    )


def _numbers(values: "pd.Series[float]") -> tuple[float | None, ...]:
    return tuple(None if value != value else float(value) for value in values.astype(float))
