"""What the sales themselves say."""

import pandas as pd

from publishing.finding import Chart, Finding
from publishing.inputs import Inputs
from publishing.wording import amount, listing, more_or_less, percent

__all__ = ["at_a_glance", "categories", "cities", "concentration", "who_buys"]

_BEST_PART = 0.2


def at_a_glance(inputs: Inputs) -> Finding:
    """Totals, and whether every landed row is in them."""
    audit = inputs.table("marts.load_audit")
    customers = inputs.table("marts.dim_customers")
    kept = ["count_accepted", "count_rejected", "count_duplicates"]
    count_products = len(inputs.table("marts.dim_products"))
    purchases, sales = customers["count_purchases"].sum(), customers["sum_purchase"].sum()
    accepted, rejected = int(audit["count_accepted"].sum()), int(audit["count_rejected"].sum())
    return Finding(
        headline=(
            f"{purchases:,} purchases by {len(customers):,} customers bring sales of "
            f"{amount(sales)}"
        ),
        points=(
            f"A purchase is {amount(sales / purchases)} on average, a customer's spend "
            f"{amount(sales / len(customers))}.",
            f"{percent(accepted / audit['count_in_file'].sum())} of the rows that came in are in "
            f"these figures; {rejected:,} stand in quarantine with their reasons.",
            "Amounts are in the data set's currency units; the publisher names no currency.",
        ),
        advice=(
            "Plan with these totals: every row that came in is accounted for."
            if (audit["count_in_file"] == audit[kept].sum(axis=1)).all()
            else "Do not plan with these totals yet: not every row is accounted for."
        ),
        sources=("marts.load_audit", "marts.dim_customers", "marts.dim_products"),
        tiles={
            "sales": amount(sales),
            "purchases": f"{purchases:,}",
            "customers": f"{len(customers):,}",
            "products": f"{count_products:,}",
            "mean purchase": amount(sales / purchases),
            "mean spend of a customer": amount(sales / len(customers)),
        },
    )


def categories(inputs: Inputs) -> Finding:
    """Which main categories bring the sales."""
    rows = inputs.table("marts.dim_product_categories").sort_values(
        "share_of_sales", ascending=False
    )
    names = rows["product_category_1"].astype(str)
    best, dearest = rows.head(3), rows.loc[rows["mean_purchase"].idxmax()]
    return Finding(
        headline=(
            f"Categories {listing(names.head(3).tolist())} bring "
            f"{percent(best['share_of_sales'].sum())} of the sales"
        ),
        points=(
            f"They hold {best['count_products'].sum():,} of {rows['count_products'].sum():,} "
            "products.",
            f"The dearest purchases are those of category {int(dearest['product_category_1'])}, "
            f"{amount(dearest['mean_purchase'])} on average, with "
            f"{percent(dearest['share_of_sales'])} of the sales.",
            f"The smaller half of the {len(rows)} categories brings "
            f"{percent(rows['share_of_sales'].tail(len(rows) // 2).sum())}.",
        ),
        advice=(
            f"Give categories {listing(names.head(3).tolist())} the best places and the safest "
            "stock; judge the smallest by what they add to a basket, not by their own sales."
        ),
        sources=("marts.dim_product_categories",),
        chart=Chart.of(
            "Share of sales by main category",
            rows.head(10).set_index(names.head(10))["share_of_sales"],
            "0%",
        ),
    )


def concentration(inputs: Inputs) -> Finding:
    """How unevenly customers and products bring sales."""
    spend = inputs.table("marts.dim_customers")["sum_purchase"].sort_values(ascending=False)
    sold = inputs.table("marts.dim_products")["sum_purchase"].sort_values(ascending=False)
    tenths = spend.groupby((pd.RangeIndex(len(spend)) * 10 // len(spend)) + 1).sum() / spend.sum()
    by_customers, by_products = (_of_best(values) for values in (spend, sold))
    return Finding(
        headline=(
            f"The best {percent(_BEST_PART)} of the customers bring {percent(by_customers)} of "
            "the sales"
        ),
        points=(
            f"The best tenth alone brings {percent(tenths.iloc[0])}, the last tenth "
            f"{percent(tenths.iloc[-1])}.",
            f"The best {percent(_BEST_PART)} of the products bring {percent(by_products)}.",
            f"The median customer spends {amount(spend.median())}, the mean customer "
            f"{amount(spend.mean())}.",
        ),
        advice=(
            "Look after the best of them by name: an offer, a contact, a delivery promise. For the "
            "others, make the next purchase easy instead."
        ),
        sources=("marts.dim_customers", "marts.dim_products"),
        chart=Chart.of("Share of sales by tenth of the customers (1: best)", tenths, "0%"),
    )


def _of_best(values: "pd.Series[int]") -> float:
    """Share of the best part, of values in descending order."""
    return values.head(max(1, round(len(values) * _BEST_PART))).sum() / values.sum()


def who_buys(inputs: Inputs) -> Finding:
    """Age and gender."""
    customers = inputs.table("marts.dim_customers")
    total = customers["sum_purchase"].sum()
    by_age = customers.groupby("age")["sum_purchase"].sum() / total
    shares = customers.pivot_table(
        index="age", columns="gender", values="sum_purchase", aggfunc="sum", fill_value=0
    )
    per_customer = customers.groupby("gender")["sum_purchase"].mean()
    people = customers["gender"].value_counts(normalize=True)
    names = {"F": "women", "M": "men"}
    lead = people.idxmax()
    share = customers.loc[customers["gender"] == lead, "sum_purchase"].sum() / total
    points = [
        f"{percent(people[lead])} of the customers are {names[lead]}; they bring {percent(share)} "
        "of the sales.",
        f"The three strongest age bands, {listing(list(by_age.nlargest(3).index))}, bring "
        f"{percent(by_age.nlargest(3).sum())} together.",
    ]
    if len(per_customer) == 2:
        points.append(
            f"A man spends {more_or_less(per_customer['M'], per_customer['F'])} a woman. The "
            "hypothesis tests say whether that is more than chance."
        )
    return Finding(
        headline=(
            f"The age band {by_age.idxmax()} brings {percent(by_age.max())} of the sales, more "
            "than any other"
        ),
        points=tuple(points),
        advice=(
            f"Plan range and advertising for {by_age.idxmax()} first, and test what the smaller "
            "bands answer to before money is spent on them."
        ),
        sources=("marts.dim_customers",),
        chart=Chart(
            "Share of sales by age and gender",
            tuple(map(str, shares.index)),
            {names[key]: tuple(float(v) for v in shares[key] / total) for key in shares},
            "0%",
        ),
    )


def cities(inputs: Inputs) -> Finding:
    """Spend of a customer by category of city."""
    customers = inputs.table("marts.dim_customers")
    groups = customers.groupby("city_category")["sum_purchase"]
    means, sums, people = groups.mean(), groups.sum() / groups.sum().sum(), groups.count()
    best, least = means.idxmax(), means.idxmin()
    return Finding(
        headline=(
            f"A customer of a city of category {best} spends "
            f"{more_or_less(means[best], means[least])} one of category {least}"
        ),
        points=(
            f"Category {sums.idxmax()} brings the most sales, {percent(sums.max())}.",
            f"Category {people.idxmax()} has the most customers, "
            f"{percent(people.max() / people.sum())} of them, and {percent(sums[people.idxmax()])} "
            "of the sales.",
            "The publisher does not say what sets the categories apart.",
        ),
        advice=(
            f"Win customers where they spend most (category {best}); where most of them live "
            f"(category {people.idxmax()}), work on the size of the basket."
        ),
        sources=("marts.dim_customers",),
        chart=Chart.of("Mean spend of a customer by category of city", means),
    )
