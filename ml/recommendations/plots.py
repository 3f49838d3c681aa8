"""Plots of the recommenders, for MLflow."""

import pandas as pd
from matplotlib.figure import Figure

__all__ = ["plot_baskets", "plot_models", "plot_newcomers"]


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
