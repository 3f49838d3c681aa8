"""The segments in figures, plots and words, with chance beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
from matplotlib.figure import Figure
from sklearn.metrics import silhouette_samples

from ml.bootstrap import mean_interval
from ml.segments.chance import TIERS, verdict_of
from ml.segments.kmeans import LEAST_K, Choice, Grouping
from ml.segments.model import SegmentModel, profile_segments
from ml.segments.spaces import find_space
from ml.task import Evaluation, Metric

__all__ = ["SegmentsFit", "evaluate_segments", "plot_elbow", "plot_profiles", "plot_silhouettes"]


def plot_elbow(tried: pd.DataFrame) -> Figure:
    """Cost by k, as part of the cost at the smallest k; columns features, k, cost."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for features, rows in tried.groupby("features", sort=False):
        axes.plot(rows["k"], rows["cost"] / rows["cost"].iloc[0], marker="o", label=features)
    axes.set_xlabel("k")
    axes.set_ylabel("within-segment sum of squares, relative")
    axes.set_ylim(bottom=0)
    axes.legend()
    return figure


def plot_silhouettes(tried: pd.DataFrame, uniform_line: float, k: int) -> Figure:
    """Euclidean silhouette by k, with a line's at the chosen k as the reference."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for features, rows in tried.groupby("features", sort=False):
        axes.plot(rows["k"], rows["silhouette_euclidean"], marker="o", label=features)
    axes.scatter([k], [uniform_line], marker="x", color="black", label="an even line, no clusters")
    axes.set_xlabel("k")
    axes.set_ylabel("silhouette (Euclidean, exact)")
    axes.legend()
    return figure


def plot_profiles(profiles: pl.DataFrame) -> Figure:
    """Share of customers and of sales of each segment; from ``profile_segments``."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    places = range(len(profiles))
    for shift, (column, label) in enumerate(
        (("share_of_customers", "of customers"), ("share_of_sales", "of sales"))
    ):
        left = [place + (shift - 0.5) * 0.4 for place in places]
        axes.bar(left, profiles[column].to_list(), width=0.4, label=f"share {label}")
    axes.set_xticks(list(places), profiles["segment_name"].to_list())
    axes.legend()
    return figure


@dataclass(frozen=True)
class SegmentsFit:
    """All that was fitted.

    Attributes:
        model: the chosen grouping with its names.
        choice: the grouping and the rule.
        groupings: every space and k.
        stabilities: adjusted Rand index under resampling, by space and k.
        shuffled: Euclidean silhouette at the chosen k with shuffled columns, by space.
        uniform_line: Euclidean silhouette at the chosen k of evenly spaced points on a line.
        blob: Euclidean silhouette at the chosen k of one Gaussian blob in the chosen space.
    """

    model: SegmentModel
    choice: Choice
    groupings: Sequence[Grouping]
    stabilities: Mapping[tuple[str, int], float]
    shuffled: Mapping[str, float]
    uniform_line: float
    blob: float


def evaluate_segments(fitted: SegmentsFit, customers: pl.DataFrame, seed: int) -> Evaluation:
    """Figures of the choice and of all that was tried."""
    chosen = fitted.choice.grouping
    points = fitted.model.space.transform(customers)
    own = silhouette_samples(points, chosen.labels)
    labels = fitted.model.labels(customers)
    profiles = profile_segments(customers, labels, fitted.model.segments)
    tried = _table(fitted)
    found_again = fitted.stabilities.get((chosen.space, chosen.k), 0.0)
    correlation = float(np.corrcoef(customers["count_purchases"], customers["sum_purchase"])[0, 1])
    metrics = (
        Metric("k", float(chosen.k)),
        Metric.of("silhouette_euclidean", mean_interval(own, seed)),
        Metric("silhouette_squared", chosen.silhouette_squared),
        Metric("smallest_share", chosen.smallest_share),
        Metric("bootstrap_ari", found_again),
        Metric("shuffled_silhouette_euclidean", fitted.shuffled[chosen.space]),
        Metric("uniform_line_silhouette_euclidean", fitted.uniform_line),
        Metric("blob_silhouette_euclidean", fitted.blob),
        Metric("purchases_spend_correlation", correlation),
        *_metrics_of_spaces(fitted, chosen.k),
    )
    return Evaluation(
        metrics=metrics,
        results={
            "segments_k": chosen.k,
            "segments_silhouette_euclidean": chosen.silhouette,
            "segments_silhouette_squared": chosen.silhouette_squared,
            "segments_smallest_share": chosen.smallest_share,
            "segments_silhouette_of_line": fitted.uniform_line,
            "segments_silhouette_of_blob": fitted.blob,
            "segments_verdict": verdict_of(chosen.silhouette, fitted.uniform_line, fitted.blob),
        },
        params={
            "space": find_space(chosen.space).title,
            "k": chosen.k,
            "rule": fitted.choice.rule,
            "constant_features": ", ".join(fitted.model.space.constant) or "none",
        },
        conclusions=(
            _chosen_words(fitted, found_again),
            *_profile_words(profiles),
            _nature_words(fitted, correlation),
            _alternative_words(fitted),
        ),
        limits=(
            "Segments of one weekend: who buys little here may buy much at other times.",
            "A customer near a border between tiers differs little from one beyond it.",
        ),
        figures={
            "elbow.png": plot_elbow(tried),
            "silhouettes.png": plot_silhouettes(tried, fitted.uniform_line, chosen.k),
            "segments.png": plot_profiles(profiles),
        },
        tables={"tried.csv": tried, "profiles.csv": profiles.to_pandas()},
    )


def _table(fitted: SegmentsFit) -> pd.DataFrame:
    """Each row is one space and k."""
    rows = [
        {
            "space": one.space,
            "features": find_space(one.space).title,
            "k": one.k,
            "cost": one.cost,
            "silhouette_euclidean": one.silhouette,
            "silhouette_squared": one.silhouette_squared,
            "smallest_share": one.smallest_share,
            "bootstrap_ari": fitted.stabilities.get((one.space, one.k)),
        }
        for one in fitted.groupings
    ]
    return pd.DataFrame(rows)


def _metrics_of_spaces(fitted: SegmentsFit, k: int) -> list[Metric]:
    """What each space reaches at the chosen k."""
    metrics = []
    for one in fitted.groupings:
        if one.k == k:
            found_again = fitted.stabilities.get((one.space, k), 0.0)
            metrics += [
                Metric(f"{one.space}_silhouette_euclidean", one.silhouette),
                Metric(f"{one.space}_silhouette_squared", one.silhouette_squared),
                Metric(f"{one.space}_smallest_share", one.smallest_share),
                Metric(f"{one.space}_bootstrap_ari", found_again),
                Metric(f"{one.space}_shuffled_silhouette", fitted.shuffled[one.space]),
            ]
    return metrics


def _chosen_words(fitted: SegmentsFit, found_again: float) -> str:
    one = fitted.choice.grouping
    return (
        f"{one.k} segments by {find_space(one.space).title}: silhouette {one.silhouette:.3f} "
        f"(Euclidean; {one.silhouette_squared:.3f} by Spark's squared distances), smallest "
        f"{one.smallest_share:.1%}, found again in bootstrap samples with ARI {found_again:.2f}."
    )


def _profile_words(profiles: pl.DataFrame) -> list[str]:
    return [
        f"{row['segment_name'].capitalize()} ({row['share_of_customers']:.0%} of customers, "
        f"{row['share_of_sales']:.0%} of sales, {row['mean_spend']:,.0f} each). {row['action']}"
        for row in profiles.iter_rows(named=True)
    ]


def _nature_words(fitted: SegmentsFit, correlation: float) -> str:
    """Clusters or tiers of a continuum: what chance reaches decides."""
    one = fitted.choice.grouping
    seen = (
        f"Number of purchases and spend go together (correlation {correlation:.3f}). Without any "
        f"cluster, a line of evenly spaced points reaches {fitted.uniform_line:.3f} when it is cut "
        f"into {one.k}, one Gaussian blob {fitted.blob:.3f}, and the shuffled columns "
        f"{fitted.shuffled[one.space]:.3f}."
    )
    if verdict_of(one.silhouette, fitted.uniform_line, fitted.blob) == TIERS:
        return (
            f"Are these clusters? No: they are tiers of a continuum. {seen} A silhouette of "
            f"{one.silhouette:.3f} is what cutting any such line gives; the borders are useful "
            "agreements, not gaps between kinds of customers."
        )
    return (
        f"Are these clusters? {seen} The segments reach {one.silhouette:.3f}, more than either: "
        "a sign of gaps between them, to be looked at before it is believed."
    )


def _alternative_words(fitted: SegmentsFit) -> str:
    four = [
        one for one in fitted.groupings if one.space == "rank_spend_ticket" and one.k == LEAST_K
    ]
    if not four:
        return "Too few different customers for segments by spend and mean ticket."
    return (
        f"Spend and mean ticket together in {LEAST_K} groups have a silhouette of only "
        f"{four[0].silhouette:.3f}, and say more: who buys much of what is cheap, and little of "
        "what is dear."
    )
