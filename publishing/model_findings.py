"""What the models and the statistics say, with what they are compared against."""

import pandas as pd

from publishing.finding import Chart, Finding
from publishing.inputs import Inputs, NotThere
from publishing.wording import more_or_less, percent

__all__ = ["high_value", "hypotheses", "purchase_model", "recommendations", "segments"]

# What a slide has room for; the dashboard and the table have all.
_MOST_CLAIMS = 4
_MOST_EFFECTS = 10


def segments(inputs: Inputs) -> Finding:
    """Which segments there are and what to do with each."""
    names = inputs.table("predictions.segments").set_index("segment_id").sort_index()
    people = inputs.table("predictions.customer_segments")
    sizes = people["segment_id"].value_counts(normalize=True).sort_index()
    shares = sizes.rename(index=names["segment_name"].to_dict())
    points = [
        f"{row.segment_name}: {percent(sizes.get(segment_id, 0.0))} of the customers. "
        f"{row.recommended_action}"
        for segment_id, row in names.iterrows()
    ]
    return Finding(
        headline=(
            f"{len(names)} segments, from {percent(shares.min())} to {percent(shares.max())} of "
            "the customers"
        ),
        points=tuple(points),
        advice="Start with one action per segment, and measure it against a group without it.",
        sources=("predictions.segments", "predictions.customer_segments"),
        chart=Chart.of("Share of customers by segment", shares, "0%", "bars"),
    )


def recommendations(inputs: Inputs) -> Finding:
    """How many customers and products recommendations reach, and how much better they are."""
    rows = inputs.table("predictions.product_recommendations")
    scores = inputs.figures(
        "recommendations_ndcg_at_10",
        "recommendations_ndcg_at_10_popularity",
        "recommendations_ndcg_at_10_explicit_als",
    )
    chosen, popular, explicit = scores.values()
    catalogue = len(inputs.table("marts.dim_products"))
    reached = rows["product_id"].nunique()
    by_customer = rows.groupby("user_id")["is_fallback"].any()
    return Finding(
        headline=(
            f"Personal recommendations are {more_or_less(chosen, popular)} a list of best sellers"
        )
        .replace("more than", "better than")
        .replace("less than", "worse than"),
        points=(
            f"NDCG@10 on purchases held back: {chosen:.3f}, best sellers {popular:.3f}, the "
            f"textbook method {explicit:.3f}.",
            f"{len(by_customer):,} customers have a list; {reached:,} of {catalogue:,} "
            "products are recommended to someone.",
            f"{percent(by_customer.mean())} of the customers get a fallback list, as too little is "
            "known of them.",
            *inputs.budget("recommendations"),
        ),
        advice=(
            "Put personal lists where customers come back (mail, app), best sellers where nobody "
            "is known, and prove the lift with a control group."
        ),
        sources=("predictions.product_recommendations", "results/ml.json"),
        chart=Chart.of(
            "NDCG@10 on purchases held back",
            pd.Series({"chosen": chosen, "best sellers": popular, "explicit ALS": explicit}),
            "0.000",
            "bars",
        ),
    )


def purchase_model(inputs: Inputs) -> Finding:
    """How well an amount can be predicted, and where the limit is."""
    figures = inputs.figures(
        *("purchase_test_rmse", "purchase_test_r2", "purchase_basket_r2"),
        *("purchase_stack_rmse", "purchase_base_rmse", "purchase_basket_r2_of_own_mean"),
        *("purchase_mllib_linear_rmse", "purchase_mllib_forest_rmse", "purchase_mllib_gbt_rmse"),
    )
    errors = pd.Series(
        {
            "biases, factors, trees": figures["purchase_stack_rmse"],
            "biases and factors": figures["purchase_base_rmse"],
            "boosted trees": figures["purchase_mllib_gbt_rmse"],
            "linear": figures["purchase_mllib_linear_rmse"],
            "random forest": figures["purchase_mllib_forest_rmse"],
        }
    )
    return Finding(
        headline=(
            f"A single amount is predicted with {percent(figures['purchase_test_r2'])} of its "
            f"variance explained, a known customer's mean ticket, given its products, with "
            f"{percent(figures['purchase_basket_r2'])}"
        ),
        points=(
            f"Root mean squared error on purchases never seen: "
            f"{figures['purchase_test_rmse']:,.0f} currency units.",
            "Without the products of the basket, the customer's own mean ticket explains "
            f"{percent(figures['purchase_basket_r2_of_own_mean'])} of it.",
            "How many units of a price a customer takes is mostly chance; a model that explained a "
            "single amount much further would have to be explained itself.",
            *inputs.budget("purchase"),
        ),
        advice=(
            "Plan with predicted baskets and customers. Do not promise anyone the amount of one "
            "purchase."
        ),
        sources=("results/ml.json",),
        chart=Chart.of("Error on validation rows (RMSE, lower is better)", errors, kind="bars"),
    )


def high_value(inputs: Inputs) -> Finding:
    """How early a customer of high value is recognised.

    The table holds answers on customers that the model has learnt from, so how often they are right
    is quoted from the folds of the training alone.
    """
    flagged = inputs.table("predictions.high_value_customers")["is_predicted_high_value"]
    areas = inputs.figures(
        "high_value_roc_auc", "high_value_roc_auc_demographics", "high_value_roc_auc_city"
    )
    chosen, demographics, city = areas.values()
    return Finding(
        headline=(
            f"After a first basket, the model ranks a high-value customer above another in "
            f"{percent(chosen)} of the cases"
        ),
        points=(
            f"Demographics alone reach {percent(demographics)}, the city alone {percent(city)}; "
            "guessing would reach half (ROC AUC, each customer judged by a model that has not "
            "seen it).",
            f"{percent(flagged.mean())} of {len(flagged):,} customers are flagged.",
            *inputs.budget("high-value"),
        ),
        advice="Welcome the flagged newcomers early: it is a chance, so exclude nobody.",
        sources=("predictions.high_value_customers", "results/ml.json"),
        chart=Chart.of(
            "ROC AUC on customers not seen (guessing: 50%)",
            pd.Series({"first basket": chosen, "demographics": demographics, "city": city}),
            "0%",
            "bars",
        ),
    )


def hypotheses(inputs: Inputs) -> Finding:
    """What became of the hypotheses, by the main test of each."""
    rows = inputs.table("predictions.hypothesis_tests")
    rows = rows[rows["verdict"] != "for comparison"].drop_duplicates("hypothesis_id")
    if rows.empty:
        raise NotThere("a verdict in `predictions.hypothesis_tests`", "make train")
    rows = rows.sort_values("effect_size", ascending=False, key=abs)
    claims = rows["hypothesis"].str.rstrip(".")
    verdicts = rows["verdict"].value_counts()
    measures = rows["effect_size_name"].mode()
    measured = rows[rows["effect_size_name"].isin(measures.head(1))].head(_MOST_EFFECTS)
    strongest = rows[rows["verdict"] == "supported"].head(_MOST_CLAIMS)
    points = [
        f"{claim}: {words}"
        for claim, words in zip(claims[strongest.index], strongest["plain_words"], strict=True)
    ]
    points += [
        f"{verdict.capitalize()}: {'; '.join(claims[rows['verdict'] == verdict])}."
        for verdict in verdicts.index
        if verdict != "supported"
    ]
    return Finding(
        headline=(
            f"Of {len(rows)} hypotheses: "
            f"{'; '.join(f'{count} {verdict}' for verdict, count in verdicts.items())}"
        ),
        points=tuple(points),
        advice=(
            "Act on effects that are both certain and large; the p-values are corrected for the "
            "number of tests (Holm)."
        ),
        sources=("predictions.hypothesis_tests",),
        chart=Chart.of(
            f"Effect size ({measures.iloc[0]})",
            measured.set_axis(claims[measured.index])["effect_size"],
            "0.000",
            "bars",
        )
        if len(measured)
        else None,
    )
