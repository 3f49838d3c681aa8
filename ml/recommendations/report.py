"""The evaluation of the recommenders, in figures, plots and words."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ml.bootstrap import Interval, bootstrap_interval, mean_interval
from ml.promotion import Check
from ml.recommendations.comparison import (
    LIST_LENGTH,
    Candidates,
    Judged,
    judge_all,
    judge_audiences,
    judge_by_basket,
    judge_by_product,
    judge_newcomers,
    mean_place,
    place_buyers,
)
from ml.recommendations.interactions import Interactions
from ml.recommendations.ranking import NOTHING
from ml.task import Evaluation, Metric

__all__ = ["evaluate_candidates", "plot_baskets", "plot_models", "plot_newcomers"]


def plot_models(models: pd.DataFrame) -> Figure:
    """NDCG@10 of each model with its interval; columns model, ndcg, ndcg_low, ndcg_high."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    ordered = models.sort_values("ndcg")
    spread = [ordered["ndcg"] - ordered["ndcg_low"], ordered["ndcg_high"] - ordered["ndcg"]]
    axes.barh(ordered["model"], ordered["ndcg"], xerr=spread, color="#4c72b0")
    axes.set_xlabel("NDCG@10 on held-out purchases (95 % interval)")
    return figure


def plot_baskets(baskets: pd.DataFrame) -> Figure:
    """NDCG@10 of popularity and the blend by what customers have; from ``judge_by_basket``."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name in ("popularity", "blend"):
        axes.plot(baskets["products"], baskets[name], marker="o", label=name)
    axes.set_xlabel("products that the customer has in training")
    axes.set_ylabel("NDCG@10")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def plot_newcomers(newcomers: pd.DataFrame) -> Figure:
    """NDCG@10 by known products; from ``judge_newcomers``."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(newcomers["known_products"], newcomers["personal"], marker="o", label="personal")
    axes.plot(
        newcomers["known_products"],
        newcomers["group_popularity"],
        linestyle="--",
        label="popularity in the demographic group",
    )
    axes.set_xlabel("known products of the newcomer")
    axes.set_ylabel("NDCG@10")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


# Products with too few buyers to stand in lists: their bands, and the most buyers they have.
_COLD, _MOST_COLD = ("0", "1 to 10"), 10
_LISTED = ("precision", "recall", "ndcg", "average_precision")


def evaluate_candidates(
    candidates: Candidates, train: Interactions, held_out: Interactions, seed: int
) -> Evaluation:
    """Judge every model; all figures are of the first ten products and held-out purchases."""
    judged = judge_all(candidates, train, held_out)
    baskets = judge_by_basket(judged, train, held_out, seed)
    products = judge_by_product(judged, train, held_out, seed)
    places = place_buyers(candidates.recommender, train, held_out)
    audiences = judge_audiences(places, seed)
    newcomers = judge_newcomers(candidates.recommender, train, held_out, seed)
    metrics = [metric for one in judged.values() for metric in _metrics_of(one, seed)]
    ratio = _ratio(judged["blend"], judged["popularity"], seed)
    metrics.append(Metric.of("blend_ndcg_over_popularity", ratio))
    auc = mean_place(places, seed)
    metrics.append(Metric.of("audience_auc", auc))
    cold = places[places["buyers"] <= _MOST_COLD]
    if len(cold):
        metrics.append(Metric.of("audience_auc_of_cold_products", mean_place(cold, seed)))
    metrics.append(Metric("customers_judged", float(len(judged["blend"].lists))))
    switch = _switch(newcomers)
    if switch is not None:
        metrics.append(Metric("newcomer_products_to_beat_group", float(switch)))
    models = _table(judged, metrics)
    ndcg = {name: float(one.metrics.ndcg.mean()) for name, one in judged.items()}
    figures = {"models.png": plot_models(models), "baskets.png": plot_baskets(baskets)}
    if len(newcomers):
        figures["newcomers.png"] = plot_newcomers(newcomers)
    return Evaluation(
        metrics=tuple(metrics),
        results={
            "recommendations_ndcg_at_10": ndcg["blend"],
            "recommendations_ndcg_at_10_popularity": ndcg["popularity"],
            "recommendations_ndcg_at_10_explicit_als": ndcg["explicit_als"],
        },
        params=_params(candidates),
        checks=(_no_known_product_is_offered(judged["blend"], train, held_out),),
        conclusions=_conclusions(judged, ratio, baskets, audiences, auc, switch),
        limits=_limits(products),
        figures=figures,
        tables={
            "models.csv": models,
            "baskets.csv": baskets,
            "products.csv": products,
            "audiences.csv": audiences,
            "newcomers.csv": newcomers,
        },
    )


def _metrics_of(one: Judged, seed: int) -> list[Metric]:
    names = dict(zip(_LISTED, ("precision", "recall", "ndcg", "map"), strict=True))
    measured = [
        Metric.of(f"{one.name}_{short}_at_10", mean_interval(getattr(one.metrics, name), seed))
        for name, short in names.items()
    ]
    return [
        *measured,
        Metric(f"{one.name}_coverage_at_10", one.coverage),
        Metric(f"{one.name}_novelty_bits", one.novelty),
    ]


def _ratio(better: Judged, base: Judged, seed: int) -> Interval:
    pairs = np.column_stack([better.metrics.ndcg, base.metrics.ndcg])
    # Without a single hit of popularity, a tiny one stands in, so that the ratio stays a number.
    return bootstrap_interval(
        pairs, lambda sums: sums[:, 1] / np.maximum(sums[:, 2], 1e-9), seed=seed
    )


def _switch(newcomers: pd.DataFrame) -> int | None:
    """Fewest known products from which on personal lists stay better; None if they never do."""
    is_better = (newcomers["personal"] > newcomers["group_popularity"]).to_numpy()
    stays = np.logical_and.accumulate(is_better[::-1])[::-1]
    return int(newcomers["known_products"][stays].iloc[0]) if stays.any() else None


def _table(judged: dict[str, Judged], metrics: list[Metric]) -> pd.DataFrame:
    by_name = {metric.name: metric for metric in metrics}
    rows = [
        one.row()
        | {
            "ndcg_low": by_name[f"{name}_ndcg_at_10"].low,
            "ndcg_high": by_name[f"{name}_ndcg_at_10"].high,
        }
        for name, one in judged.items()
    ]
    return pd.DataFrame(rows)


def _no_known_product_is_offered(one: Judged, train: Interactions, held_out: Interactions) -> Check:
    bought = train.bought[np.diff(held_out.ratings.indptr) > 0].toarray().astype(bool)
    padded = np.column_stack([bought, np.zeros(len(bought), dtype=bool)])
    count = int(np.take_along_axis(padded, one.lists, axis=1).sum())
    return Check("no known product is offered", count == 0, f"{count} are, 0 may be")


def _params(candidates: Candidates) -> dict[str, float | int | str]:
    recommender = candidates.recommender
    params = {
        "list_length_judged": LIST_LENGTH,
        "list_length_served": recommender.length,
        "least_known_products": recommender.least_known,
        "ease_weight": recommender.ease_weight,
    }
    for factors in recommender.factors:
        chosen = factors.settings
        params[f"implicit_als_rank_{chosen.rank}"] = (
            f"penalty {chosen.penalty}, alpha {chosen.alpha}, {chosen.iterations} iterations"
        )
    return params


def _conclusions(
    judged: dict[str, Judged],
    ratio: Interval,
    baskets: pd.DataFrame,
    audiences: pd.DataFrame,
    auc: Interval,
    switch: int | None,
) -> tuple[str, ...]:
    ndcg = {name: one.metrics.ndcg.mean() for name, one in judged.items()}
    empty = float((judged["explicit_als"].lists == NOTHING).all(axis=1).mean())
    light, heavy = baskets.iloc[0], baskets.iloc[-1]

    def gain(band: pd.Series) -> str:
        times = f"{band['blend'] / band['popularity']:.1f}x" if band["popularity"] else "no base"
        return f"{times} for customers with {band['products']} products"

    newcomer = (
        f"A newcomer's personal list beats the group's from {switch} known products on; these "
        "newcomers are customers of the training whose products are hidden from the lists alone."
        if switch is not None
        else "Too few products are known here for newcomers' lists to beat the group's."
    )
    return (
        f"The blend reaches NDCG@10 {ndcg['blend']:.4f}, {ratio.value:.2f} times popularity "
        f"[{ratio.low:.2f}, {ratio.high:.2f}]{'' if ratio.low > 1 else ', not beyond the noise'}; "
        f"of its ten products {10 * judged['blend'].metrics.precision.mean():.1f} are bought.",
        f"Explicit ALS as planned reaches {ndcg['explicit_als']:.4f} against popularity's "
        f"{ndcg['popularity']:.4f}: the price fifth that stands in for a rating says how dear a "
        f"purchase was, not what a customer will want. It has no list for {empty:.1%}.",
        f"Gain over popularity: {gain(light)}, {gain(heavy)}.",
        newcomer,
        f"A product's audience puts a later buyer before {auc.value:.0%} of the other "
        f"customers who lack it; for the least bought products before "
        f"{audiences['audience_auc'].iloc[0]:.0%}.",
    )


def _limits(products: pd.DataFrame) -> tuple[str, ...]:
    cold = products[products["buyers"].isin(_COLD)]
    found = (cold["blend"] * cold["held_out_purchases"]).sum()
    sold = int(cold["held_out_purchases"].sum())
    return (
        f"Products with at most 10 buyers in training: {sold:,} held-out purchases, "
        f"{found:.0f} of them in a list; a product without buyers is in no list, and has only "
        "its category's customers as audience.",
        "Held-out purchases come from the same weekend as the known ones; the data has no order "
        "in time, so nothing here tells how soon lists age.",
        "A product that was shown and not bought looks like one never seen; lists favour what "
        "sold before. Only an experiment with customers tells what a list adds to sales.",
    )
