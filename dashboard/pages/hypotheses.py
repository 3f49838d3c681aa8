"""Hypotheses: a board of what was claimed, what the data says, and how large each effect is."""

import re
from textwrap import wrap

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboard import blocks
from dashboard.blocks import DataTable
from dashboard.dots import Line, dots
from dashboard.formats import SCORE, SHARE, Unit, with_interval
from dashboard.page import Page, View
from dashboard.theme import Tone

__all__ = ["PAGE", "board", "decisive", "effect_words", "p_value", "theme_of", "verdict_tone"]

TESTS = "predictions.hypothesis_tests"

# Tests that stand beside the one that decides; they are in the table of all tests.
_BESIDE = "for comparison"

# True of any shop: a sum rises with the number of what it adds up.
_TAUTOLOGIES = frozenset(("sum_purchase_with_count_purchases",))

_THEMES = (
    ("sum_purchase_", "How much they spend in all"),
    ("mean_purchase_", "What they pay for a purchase"),
    ("within_category_", "What they pay for a purchase"),
    ("categories_", "What they buy"),
)
_OTHER = "Others"

_EFFECTS: dict[str, tuple[Unit, str]] = {
    "eta squared": (SHARE, "part of the differences explained (eta squared)"),
    "Cohen's w": (SCORE, "strength of association (Cohen's w)"),
    "rho": (SCORE, "rank correlation from -1 to 1 (rho)"),
    "r": (SCORE, "correlation from -1 to 1 (r)"),
    "Cohen's d": (SCORE, "difference in standard deviations (Cohen's d)"),
}
_TESTS = {
    "welch_anova": "Welch's ANOVA",
    "permutation_chi_squared": "Chi-squared, customers dealt anew",
    "spearman": "Spearman's rank correlation",
}
_SIZE = re.compile(r"^There is a (?:(\w+) )?(?:difference|connection)[^.]*\.\s*")
_REPEATED = re.compile(r"\s*\b(?:rho|r) = [^a-z]*$")


def verdict_tone(verdict: str) -> Tone:
    """Colour of a verdict; each also stands there in words.

    >>> verdict_tone("supported"), verdict_tone("supported, but negligible"), verdict_tone("")
    ('accent', 'warm', 'grey')
    """
    if "negligible" in verdict:
        return "warm"
    return "accent" if verdict == "supported" else "grey"


def theme_of(hypothesis_id: str) -> str:
    """What a hypothesis is about.

    >>> theme_of("sum_purchase_by_age"), theme_of("categories_by_gender"), theme_of("H1")
    ('How much they spend in all', 'What they buy', 'Others')
    """
    return next((name for start, name in _THEMES if hypothesis_id.startswith(start)), _OTHER)


def effect_words(verdict: str, plain_words: str) -> tuple[str, str]:
    """The size of an effect in one word, and what else the plain words say.

    What stands in columns of the board is left out: the size, and a coefficient told again.

    >>> effect_words("supported", "There is a small difference. Highest for M.")
    ('small', 'Highest for M.')
    >>> effect_words("not supported", "No connection beyond chance was found. rho = +0.01 [0]")
    ('none beyond chance', 'No connection beyond chance was found.')
    """
    found = _SIZE.match(plain_words)
    rest = _REPEATED.sub("", _SIZE.sub("", plain_words)).strip()
    if verdict == "not supported":
        return "none beyond chance", rest
    if "negligible" in verdict:
        return "negligible", rest
    return (found[1] if found and found[1] else "-"), rest


def p_value(value: float | None) -> str:
    """A p-value as a table shows it.

    >>> p_value(1e-20), p_value(0.0312), p_value(1.0), p_value(None)
    ('< 0.001', '0.031', '1.000', '-')
    """
    if value is None:
        return "-"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def decisive(tests: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tests that decide on a hypothesis, and those among them that are true by construction.

    Args:
        tests: rows of ``predictions.hypothesis_tests``.

    Returns:
        Two frames with a further column ``theme``, the largest effects of each theme first.
    """
    found = (
        tests.filter(pl.col("verdict") != _BESIDE)
        .with_columns(theme=pl.col("hypothesis_id").map_elements(theme_of, return_dtype=pl.String))
        .sort("effect_size_name", pl.col("effect_size").abs(), descending=[False, True])
    )
    is_tautology = pl.col("hypothesis_id").is_in(_TAUTOLOGIES)
    return found.filter(~is_tautology), found.filter(is_tautology)


def board(rows: pl.DataFrame) -> pl.DataFrame:
    """What the board shows of tests, one row each, all of it text.

    Args:
        rows: as :func:`decisive` returns them.
    """
    lines = []
    for row in rows.iter_rows(named=True):
        unit, _ = _EFFECTS.get(row["effect_size_name"], (SCORE, ""))
        size, words = effect_words(row["verdict"], row["plain_words"])
        lines.append(
            {
                "hypothesis": _name(row["hypothesis"], row["grain"]),
                "verdict": row["verdict"],
                "size": size,
                "effect": unit.write(row["effect_size"]),
                "interval": "-"
                if row["effect_low"] is None
                else f"{unit.write(row['effect_low'])} to {unit.write(row['effect_high'])}",
                "p_value_holm": p_value(row["p_value_holm"]),
                "in_words": words,
                "measure": row["effect_size_name"] or "-",
                "test": _TESTS.get(row["test_name"], row["test_name"].replace("_", " ")),
            }
        )
    return pl.DataFrame(lines)


def _tests(view: View) -> pl.DataFrame | None:
    frame = view.store.rows(TESTS)
    return None if frame is None else frame.sort("hypothesis_id", "grain", "test_name")


def _tables(view: View) -> list[DataTable]:
    tests = _tests(view)
    if tests is None:
        return []
    rows, _ = decisive(tests)
    found = [
        DataTable(_slug(theme), theme, board(part))
        for theme, part in _by_theme(rows)
        if not part.is_empty()
    ]
    return [*found, DataTable("hypothesis_tests", "Every test, also for comparison", tests)]


def _by_theme(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    themes = dict.fromkeys([*(name for _, name in _THEMES), _OTHER])
    return [(theme, rows.filter(pl.col("theme") == theme)) for theme in themes]


def _slug(theme: str) -> str:
    return theme.lower().replace(" ", "_")


def _content(view: View) -> list[Component]:
    title = "Hypotheses"
    tests = _tests(view)
    if tests is None:
        words = "Does who a customer is go with what it buys?"
        return [blocks.heading(title, words), blocks.empty("Hypotheses", TESTS)]
    rows, tautologies = decisive(tests)
    content: list[Component] = [blocks.heading(title, _summary(rows))]
    tables = {data.title: data for data in _tables(view)}
    for theme, part in _by_theme(rows):
        if part.is_empty():
            continue
        supported = (part["verdict"] == "supported").sum()
        content.append(blocks.section(theme, f"{supported} of {len(part)} supported."))
        plots = [
            _forest(view, theme, measured)
            for measured in part.filter(pl.col("effect_size").is_not_null()).partition_by(
                "effect_size_name", maintain_order=True
            )
        ]
        content += [blocks.columns(*plots)] if plots else []
        content.append(blocks.table(PAGE.path, tables[theme]))
    if not tautologies.is_empty():
        content.append(_footnote(tautologies))
    return [*content, blocks.table(PAGE.path, tables["Every test, also for comparison"])]


def _summary(rows: pl.DataFrame) -> str:
    counts = dict(rows.group_by("verdict").len().rows())
    supported, small = counts.get("supported", 0), counts.get("supported, but negligible", 0)
    untested = counts.get("cannot be tested", 0)
    left = f" {untested} cannot be tested." if untested else ""
    return (
        f"Of {len(rows)} claims {supported} are supported, {small} more with an effect too small "
        f"to act upon, and {len(rows) - supported - small - untested} are not.{left} One p-value "
        "in twenty is small by chance, so all are corrected by Holm's method."
    )


def _forest(view: View, theme: str, rows: pl.DataFrame) -> Component:
    name = rows["effect_size_name"][0]
    unit, words = _EFFECTS.get(name, (SCORE, name or "effect size"))
    drawn = rows.with_columns(
        label=pl.struct("hypothesis", "grain").map_elements(
            lambda row: "<br>".join(wrap(_name(row["hypothesis"], row["grain"]), 36)),
            return_dtype=pl.String,
        ),
        tone=pl.col("verdict").map_elements(verdict_tone, return_dtype=pl.String),
    )
    best = rows.filter(pl.col("verdict") == "supported")
    title = "Nothing here is both certain and large enough to act upon"
    if not best.is_empty():
        first = best.row(0, named=True)
        title = f"Strongest: {first['hypothesis'].rstrip('.')} ({unit.write(first['effect_size'])})"
    return blocks.chart(
        f"effects-{_slug(theme)}-{(name or 'other').replace(' ', '-')}",
        title,
        dots(
            drawn,
            "label",
            "effect_size",
            ("effect_low", "effect_high"),
            view.scheme,
            unit=unit,
            title=words,
            tones="tone",
            lines=(Line(0, "no effect"),),
            from_zero=True,
        ),
        "Dots are estimates, bars their 95 % intervals. Blue is supported, orange is certain but "
        "negligible, grey is not supported.",
    )


def _name(hypothesis: str, grain: str) -> str:
    return hypothesis.rstrip(".") + ("" if grain == "customer" else f" (by {grain})")


def _footnote(tautologies: pl.DataFrame) -> Component:
    lines = [
        html.P(
            f"{row['hypothesis']} {row['effect_size_name']} "
            f"{with_interval(row['effect_size'], row['effect_low'], row['effect_high'], SCORE)}. "
            "True by construction, as a sum rises with the number of what it adds up, and so no "
            "finding."
        )
        for row in tautologies.iter_rows(named=True)
    ]
    return html.Aside(
        [html.H2("Not counted above", className="block-title"), *lines], className="footnote"
    )


PAGE = Page(
    path="/hypotheses", title="Hypotheses", reads=(TESTS,), content=_content, tables=_tables
)
