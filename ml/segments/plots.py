"""Plots of the segments, for MLflow."""

import pandas as pd
import polars as pl
from matplotlib.figure import Figure

__all__ = ["plot_elbow", "plot_profiles", "plot_silhouettes"]


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
