"""The findings as a page to read."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lakehouse.errors import ModelError
from lakehouse.settings import Settings
from lakehouse.tables import TableName, open_table
from ml.hypotheses.data import FACTORS, HypothesesData
from ml.hypotheses.plan import overall_sentences

__all__ = ["effects_figure", "groups_figure", "hypotheses_page", "render"]

_TABLE = TableName("predictions", "hypothesis_tests")


def _number(value: float | None, form: str) -> str:
    return "" if value is None or pd.isna(value) else format(value, form)


def render(frame: pd.DataFrame, sentences: Sequence[str], data_kind: str) -> str:
    """The page in Markdown.

    Args:
        frame: rows of ``predictions.hypothesis_tests``.
        sentences: what they mean as a whole.
        data_kind: 'real' or 'synthetic', named on the page.
    """
    main = frame[frame["verdict"] != "for comparison"].sort_values(
        ["effect_size_name", "effect_size"], ascending=[True, False], key=_by_size
    )
    lines = [
        "# Who buys what: the hypotheses",
        "",
        f"Measured on **{data_kind}** data by `python -m ml train hypotheses`; written by",
        "`python -m ml report`. A row of a test is a customer unless it says purchase,",
        "as the purchases of one customer are not independent. Effects have 95 % intervals.",
        "",
        *(f"- {sentence}" for sentence in sentences),
        "",
        "## Verdicts",
        "",
        "| hypothesis | verdict | effect | p (Holm) | in words |",
        "|---|---|---|---|---|",
    ]
    for row in main.itertuples():
        effect = (
            f"{row.effect_size_name} {_number(row.effect_size, '.3f')} "
            f"[{_number(row.effect_low, '.3f')}, {_number(row.effect_high, '.3f')}]"
            if pd.notna(row.effect_size)
            else ""
        )
        lines.append(
            f"| {row.hypothesis} | {row.verdict} | {effect} | {_number(row.p_value_holm, '.2g')} "
            f"| {row.plain_words} |"
        )
    lines += [
        "",
        "## Every test",
        "",
        "| hypothesis | rows | test | statistic | df | p | in words |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.hypothesis_id} | {row.count_rows:,} {row.grain}s | {row.test_name} "
        f"| {_number(row.statistic, '.4g')} | {row.degrees_of_freedom or ''} "
        f"| {_number(row.p_value, '.2g')} | {row.plain_words} |"
        for row in frame.sort_values(["hypothesis_id", "grain", "test_name"]).itertuples()
    ]
    return "\n".join(lines) + "\n"


def _by_size(column: pd.Series) -> pd.Series:
    return column.abs() if column.dtype.kind == "f" else column.fillna("")


def effects_figure(frame: pd.DataFrame, data_kind: str) -> Figure:
    """Share of variance by demographic factor, with intervals, for each outcome."""
    shown = frame[(frame["test_name"] == "welch_anova") & frame["effect_size"].notna()]
    shown = shown.sort_values("effect_size")
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    axes = figure.subplots()
    distances = np.abs(
        np.array(
            [
                shown["effect_size"] - shown["effect_low"],
                shown["effect_high"] - shown["effect_size"],
            ]
        )
    )
    axes.errorbar(shown["effect_size"], shown["hypothesis"], xerr=distances, fmt="o", capsize=3)
    axes.axvline(0.01, color="k", linestyle=":", linewidth=1)
    axes.set(
        title=f"Differences between customers, {data_kind} data",
        xlabel="Share explained (eta squared); left of the dotted line it is negligible",
    )
    return figure


def groups_figure(data: HypothesesData, data_kind: str) -> Figure:
    """Average purchase of customers by group of each factor, as boxes without outliers."""
    figure = Figure(figsize=(13, 7), layout="constrained")
    for axes, (factor, words) in zip(figure.subplots(2, 3).flat, FACTORS.items(), strict=True):
        groups = data.customers.groupby(factor, sort=True)["mean_purchase"]
        axes.boxplot([part.to_numpy() for _, part in groups], showfliers=False)
        axes.set_xticklabels(
            [str(name) for name, _ in groups], rotation=60 if len(groups) > 7 else 0
        )
        axes.set(title=words, ylabel="average purchase")
    figure.suptitle(f"Average purchase by group of customers, {data_kind} data")
    return figure


def hypotheses_page(settings: Settings) -> str:
    """The page of the newest tests.

    Raises:
        TableError: nothing was built yet.
        ModelError: nothing was tested yet.
    """
    frame = open_table(_TABLE, settings).to_pandas()
    if frame.empty:
        raise ModelError(f"{_TABLE} is empty. Run `python -m ml train hypotheses` first")
    return render(frame, overall_sentences(frame), frame["data_kind"].iloc[0])
