# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Black Friday purchases: an exploration
#
# What the purchases look like, where values are missing, what goes together, and what stands out.
# Every figure is computed from the tables of the lakehouse when this runs, the ones in the
# conclusions too. `make notebook` runs it and writes HTML; in an editor, jupytext opens it as a
# notebook.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import plotly.express as px
import seaborn as sns
from IPython.display import HTML, Markdown, display

from lakehouse.publish.record import PublishedTables
from lakehouse.settings import settings
from lakehouse.tables import TableName
from publishing.wording import amount, kinds, listing, more_or_less, percent, strength

sns.set_theme(style="whitegrid", palette="deep")
plt.rcParams["figure.figsize"] = (10, 4)
plt.rcParams["axes.titleweight"] = "bold"

conclusions: list[str] = []
published = PublishedTables(settings())


def read(table: str) -> pd.DataFrame:
    """A table of the lakehouse, by path; all of one published state."""
    return published.open(TableName.parse(table)).to_pandas()


def conclude(text: str) -> None:
    """Show a conclusion, and keep it for the summary."""
    conclusions.append(text)
    display(Markdown(f"**Conclusion.** {text}"))


purchases = read("marts.fct_purchases")
customers = read("marts.dim_customers")
products = read("marts.dim_products")
categories = read("marts.dim_product_categories").sort_values("product_category_1")
loads = read("marts.load_audit")
data_kind = kinds(sorted(loads["data_kind"].unique()))
display(Markdown(f"## {data_kind}"))
display(
    Markdown(
        f"{len(purchases):,} purchases, {len(customers):,} customers, {len(products):,} products. "
        "Amounts are in the currency units of the data set; the publisher names no currency."
    )
)

# %% [markdown]
# ## Where every landed row went

# %%
counts = ["count_in_file", "count_accepted", "count_rejected", "count_duplicates"]
display(loads[["source_file", "data_kind", "landed_at", *counts]])
in_file, accepted, rejected, duplicates = (int(loads[name].sum()) for name in counts)
is_whole = in_file == accepted + rejected + duplicates
conclude(
    f"Of {in_file:,} landed rows {accepted:,} are purchases, {rejected:,} stand in quarantine and "
    f"{duplicates:,} repeat another. "
    + ("Every row is accounted for." if is_whole else "**These do not add up: see load_audit.**")
)

# %% [markdown]
# ## Descriptive statistics

# %%
quantiles = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
display(
    pd.DataFrame(
        {
            "amount of a purchase": purchases["purchase"].describe(percentiles=quantiles),
            "purchases of a customer": customers["count_purchases"].describe(percentiles=quantiles),
            "spend of a customer": customers["sum_purchase"].describe(percentiles=quantiles),
            "purchases of a product": products["count_purchases"].describe(percentiles=quantiles),
        }
    ).style.format("{:,.1f}")
)
mean, median = purchases["purchase"].mean(), purchases["purchase"].median()
spend = customers["sum_purchase"]
conclude(
    f"A purchase is {amount(mean)} on average ({amount(median)} in the median); a customer makes "
    f"{amount(customers['count_purchases'].median())} purchases in the median and spends "
    f"{amount(spend.median())}. The mean spend, {amount(spend.mean())}, is "
    f"{more_or_less(spend.mean(), spend.median())} the median: a few customers spend very much."
)

# %% [markdown]
# ## Missing data

# %%
# A reason is there only where there is something to explain.
shares = purchases.drop(columns="outlier_reason").isna().mean().sort_values(ascending=False)
missing = shares[shares > 0].rename("share missing").to_frame()
display(missing.style.format("{:.1%}"))
fig, axis = plt.subplots(figsize=(10, 1 + 0.5 * max(1, len(missing))))
sns.barplot(x=missing["share missing"], y=missing.index, ax=axis, color="#4c72b0")
axis.set(title=f"Share of purchases without a value ({data_kind})", xlabel="share", ylabel="")
axis.xaxis.set_major_formatter("{x:.0%}")
plt.show()

filled = purchases[["product_category_2", "product_category_3"]].notna()
orphans = int((filled["product_category_3"] & ~filled["product_category_2"]).sum())
products_changing = int((filled.groupby(purchases["product_id"]).nunique() > 1).any(axis=1).sum())
depth = 1 + filled.sum(axis=1)
mean_by_depth = purchases.groupby(depth)["purchase"].mean()
conclude(
    f"{percent(shares['product_category_2'])} of the purchases have no second category and "
    f"{percent(shares['product_category_3'])} no third. "
    + (
        "It is a property of the product and no lost value: no product has one in one row and "
        "none in another"
        if products_changing == 0
        else f"{products_changing:,} products have one in some rows and none in others"
    )
    + f", and {orphans or 'no'} rows have a third without a second. "
    f"It tells something: purchases with all {depth.max()} categories are "
    f"{amount(mean_by_depth.iloc[-1])} on average, "
    f"{more_or_less(mean_by_depth.iloc[-1], mean_by_depth.iloc[0])} those with one. So the models "
    "keep the absence as a value instead of filling it with a guess."
)

# %% [markdown]
# ## Distributions
#
# ### Amounts

# %%
fig, axes = plt.subplots(1, 2, figsize=(14, 4))
sns.histplot(purchases["purchase"], bins=120, ax=axes[0], color="#4c72b0")
axes[0].set(title="All purchases", xlabel="amount")
largest = categories.nlargest(6, "count_purchases")["product_category_1"]
sns.kdeplot(
    data=purchases[purchases["product_category_1"].isin(largest)].sample(
        min(len(purchases), 60_000), replace=True, random_state=settings().seed
    ),
    x="purchase",
    hue="product_category_1",
    palette="tab10",
    common_norm=False,
    bw_adjust=0.4,
    ax=axes[1],
)
axes[1].set(title="The largest categories", xlabel="amount")
fig.suptitle(data_kind, fontsize=9)
plt.show()

skew = purchases["purchase"].skew()
direction = "to the right" if skew > 0 else "to the left"
peaks = np.histogram(purchases["purchase"], bins=120)[0]
count_peaks = int(
    ((peaks[1:-1] > peaks[:-2]) & (peaks[1:-1] > peaks[2:]) & (peaks[1:-1] > peaks.mean())).sum()
)
conclude(
    f"The amounts lean {direction} (skewness {skew:.2f}) and are no bell: the histogram has "
    f"{count_peaks} peaks above its mean height. Within a category they gather at a few steps, as "
    "if one to several units of a price were bought; a model has to know the category's unit."
)

# %% [markdown]
# ### Customers and products

# %%
fig, axes = plt.subplots(1, 3, figsize=(16, 4))
sns.histplot(customers["sum_purchase"], log_scale=True, bins=50, ax=axes[0], color="#55a868")
axes[0].set(title="Spend of a customer", xlabel="amount (log)")
sns.histplot(products["count_purchases"], log_scale=True, bins=40, ax=axes[1], color="#c44e52")
axes[1].set(title="Purchases of a product", xlabel="purchases (log)")
for frame, name in ((customers, "customers"), (products, "products")):
    sold = frame["sum_purchase"].sort_values(ascending=False)
    axes[2].plot(
        np.linspace(0, 1, len(sold) + 1), np.insert(sold.cumsum() / sold.sum(), 0, 0), label=name
    )
axes[2].plot([0, 1], [0, 1], color="grey", linestyle=":", label="all alike")
axes[2].set(title="Who brings the sales", xlabel="share of them", ylabel="share of sales")
axes[2].legend()
fig.suptitle(data_kind, fontsize=9)
plt.show()


def share_of_top(frame: pd.DataFrame, part: float) -> float:
    """Share of sales that the best part of the rows brings."""
    best = frame["sum_purchase"].nlargest(max(1, round(len(frame) * part)))
    return best.sum() / frame["sum_purchase"].sum()


fifth = 0.2
conclude(
    f"Sales are concentrated: the best {percent(fifth)} of the customers bring "
    f"{percent(share_of_top(customers, fifth))} of them and the best {percent(fifth)} of the "
    f"products {percent(share_of_top(products, fifth))}. Both have a long tail, so means alone "
    "mislead: look at ranks or logarithms."
)

# %% [markdown]
# ### Who buys

# %%
attributes = ["gender", "age", "city_category", "marital_status", "stay_in_current_city_years"]
fig, axes = plt.subplots(1, len(attributes), figsize=(18, 4))
for axis, name in zip(axes, attributes, strict=True):
    parts = pd.DataFrame(
        {
            "customers": customers[name].value_counts(normalize=True),
            "sales": customers.groupby(name)["sum_purchase"].sum() / spend.sum(),
        }
    ).sort_index()
    parts.plot.bar(ax=axis, rot=0 if len(parts) < 5 else 60, legend=axis is axes[0])
    axis.set(title=name.replace("_", " "), xlabel="")
    axis.yaxis.set_major_formatter("{x:.0%}")
fig.suptitle(f"Share of customers and of sales ({data_kind})", fontsize=9)
plt.tight_layout()
plt.show()

by_age = customers.groupby("age")["sum_purchase"].sum()
men = customers["gender"] == "M"
conclude(
    f"{percent(men.mean())} of the customers are men, who bring "
    f"{percent(spend[men].sum() / spend.sum())} of the sales. The age band {by_age.idxmax()} buys "
    f"most, {percent(by_age.max() / spend.sum())} of the sales; the three largest bands "
    f"({listing(list(by_age.nlargest(3).index))}) bring "
    f"{percent(by_age.nlargest(3).sum() / spend.sum())} together."
)

# %% [markdown]
# ## What goes together
#
# Correlation of numbers (Spearman, over customers), and the share of the variance that a
# grouping explains (eta squared): of single amounts, and of a customer's mean amount and spend.

# %%
numbers = [
    "count_purchases",
    "count_products",
    "sum_purchase",
    "mean_purchase",
    "occupation",
    "marital_status",
    "count_simulated_visits",
]
correlations = customers[numbers].corr(method="spearman")
fig, axis = plt.subplots(figsize=(8, 6))
sns.heatmap(correlations, annot=True, fmt=".2f", center=0, cmap="vlag", ax=axis)
axis.set_title(f"Spearman correlation over customers ({data_kind})")
plt.show()


def eta_squared(values: pd.Series, groups: pd.Series) -> float:
    """Share of the variance of the values that lies between the groups."""
    means = values.groupby(groups).transform("mean")
    return float(((means - values.mean()) ** 2).sum() / ((values - values.mean()) ** 2).sum())


explained = pd.DataFrame(
    {
        "amount of a purchase": {
            name: eta_squared(purchases["purchase"], purchases[name])
            for name in ["product_category_1", *attributes, "occupation"]
        },
        "mean amount of a customer": {
            name: eta_squared(customers["mean_purchase"], customers[name])
            for name in [*attributes, "occupation"]
        },
        "spend of a customer": {
            name: eta_squared(spend, customers[name]) for name in [*attributes, "occupation"]
        },
    }
)
shaded = explained.style.background_gradient(axis=None, cmap="Blues").highlight_null("white")
display(shaded.format("{:.1%}", na_rep=""))

of_amount = explained["amount of a purchase"].sort_values(ascending=False)
of_spend = explained["spend of a customer"].dropna().sort_values(ascending=False)
frequency = correlations.loc["count_purchases", "sum_purchase"]
conclude(
    f"What is bought decides the amount: the main category alone explains "
    f"{percent(of_amount['product_category_1'])} of its variance, while the best of the personal "
    f"attributes, {of_amount.index[1].replace('_', ' ')}, explains {percent(of_amount.iloc[1])}, "
    f"that is {strength(of_amount.iloc[1])}. A customer's spend follows the number of purchases "
    f"(Spearman {frequency:.2f}); of the attributes, {of_spend.index[0].replace('_', ' ')} "
    f"tells most of it, {percent(of_spend.iloc[0])} ({strength(of_spend.iloc[0])})."
)

# %% [markdown]
# ### Do attributes go with categories?
#
# Cramér's V between an attribute and the main category: nought means that they have nothing to
# do with each other, one that the first tells the second.

# %%


def cramers_v(left: pd.Series, right: pd.Series) -> float:
    """Cramér's V of two groupings of the same rows."""
    table = pd.crosstab(left, right).to_numpy().astype(float)
    expected = table.sum(axis=1, keepdims=True) @ table.sum(axis=0, keepdims=True) / table.sum()
    chi_squared = ((table - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi_squared / table.sum() / (min(table.shape) - 1)))


association = pd.Series(
    {name: cramers_v(purchases[name], purchases["product_category_1"]) for name in attributes}
).sort_values()
axis = association.plot.barh(color="#8172b3", figsize=(10, 3))
axis.set(title=f"Cramér's V with the main category ({data_kind})", xlabel="V")
plt.show()
conclude(
    f"{association.index[-1].replace('_', ' ').capitalize()} goes with the choice of category "
    f"most (V {association.iloc[-1]:.2f}), {association.index[0].replace('_', ' ')} least "
    f"(V {association.iloc[0]:.2f}). A customer's rows repeat the same attributes, so a "
    "p-value that takes them for independent would be far too small: the hypothesis tests work "
    "on customers."
)

# %% [markdown]
# ## Outliers

# %%
fig, axis = plt.subplots(figsize=(14, 5))
sns.boxplot(
    data=purchases,
    x="product_category_1",
    y="purchase",
    ax=axis,
    color="#9ecae1",
    fliersize=1,
    linewidth=0.8,
)
axis.set(title=f"Amounts by main category ({data_kind})", xlabel="main category", ylabel="amount")
plt.show()

flags = purchases.groupby("product_category_1")[["is_outlier_by_iqr", "is_outlier_by_z_score"]]
by_category = flags.mean()
display(by_category.style.format("{:.2%}"))
by_iqr, by_z = purchases["is_outlier_by_iqr"], purchases["is_outlier_by_z_score"]
share_of_sales = purchases.loc[by_iqr, "purchase"].sum() / purchases["purchase"].sum()
conclude(
    f"Tukey's fences flag {percent(by_iqr.mean())} of the purchases, the z-score "
    f"{percent(by_z.mean())}. They hold {percent(share_of_sales)} of the sales, and category "
    f"{by_category['is_outlier_by_iqr'].idxmax()} has the largest share "
    f"({percent(by_category['is_outlier_by_iqr'].max())}). The flagged amounts lie on the same "
    "steps as the others, so they are kept and flagged, not removed."
)

# %% [markdown]
# ## Categories and products
#
# Click a category to see its best-selling products.

# %%
shown = products[products["sales_rank_in_category"] <= 10].assign(
    category="category " + products["product_category_1"].astype(str)
)
figure = px.treemap(
    shown,
    path=[px.Constant("ten best products of each category"), "category", "product_id"],
    values="sum_purchase",
    color="mean_purchase",
    color_continuous_scale="Blues",
    title=f"Sales of the best products by category ({data_kind})",
)
figure.update_layout(margin={"t": 50, "l": 0, "r": 0, "b": 0})
# With its library inside, so that the page needs no connection.
display(HTML(figure.to_html(include_plotlyjs=True, full_html=False)))
best = categories.nlargest(3, "sum_purchase")
conclude(
    f"Categories {listing(best['product_category_1'].astype(str).tolist())} bring "
    f"{percent(best['share_of_sales'].sum())} of the sales, of {len(categories)} in all."
)

# %% [markdown]
# ## Simulated time
#
# The published data has no timestamps. Each purchase has a **simulated** instant on the weekend,
# which follows from its ids; it lets the platform show windows and trends, and says nothing about
# when people buy.

# %%
hourly = purchases.set_index("simulated_event_at")["purchase"].resample("1h").agg(["sum", "count"])
axis = hourly["count"].plot(color="#dd8452")
axis.set(title=f"Purchases by SIMULATED hour ({data_kind})", xlabel="", ylabel="purchases")
plt.show()
hours = purchases["simulated_event_at"].dt.hour
conclude(
    f"The simulated hour explains {percent(eta_squared(purchases['purchase'], hours))} of the "
    "variance of the amounts, as it has to: it was drawn without looking at them. No finding "
    "may rest on it."
)

# %% [markdown]
# ## Summary

# %%
display(Markdown(f"**{data_kind}**\n\n" + "\n".join(f"- {text}" for text in conclusions)))
