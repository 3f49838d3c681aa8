"""What became of the project's five claims, from the metrics of the models.

The rules are those of the page of results; a test holds the two against each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from dashboard.formats import SCORE, SHARE, Unit, number, percent, with_interval
from dashboard.metrics import goal_bound, meets_goal
from dashboard.theme import Tone

__all__ = ["CLAIMS", "Claim", "Outcome", "Verdict", "judge", "tone_of", "verdicts_frame"]

Outcome = Literal["Holds", "Holds in part", "Does not hold"]

_TONES: dict[str, Tone] = {"Holds": "gain", "Holds in part": "warm", "Does not hold": "loss"}
_TIMES = Unit("times as good", "score")
# Silhouettes of data without clusters differ by about this much.
_BEYOND_CHANCE = 0.02


@dataclass(frozen=True)
class Measured:
    """The metrics of one task.

    Attributes:
        rows: metric -> value, low, high and goal.
    """

    rows: dict[str, tuple[float, float | None, float | None, str | None]]

    def value(self, metric: str) -> float:
        """The value of a metric that is there."""
        return self.rows[metric][0]

    def reaches(self, *metrics: str) -> bool:
        """Whether all of these reach the goals that stand beside them."""
        return all(meets_goal(self.rows[name][0], self.rows[name][3]) for name in metrics)


@dataclass(frozen=True)
class Claim:
    """One claim of the project.

    Attributes:
        task: whose metrics decide.
        words: in plain words.
        figure: metric that is shown as the effect.
        figure_name: what that is, for people.
        unit: of it.
        needs: further metrics without which nothing is decided.
        rule: from the metrics to the outcome and one sentence.
        href: the page that shows more.
    """

    task: str
    words: str
    figure: str
    figure_name: str
    unit: Unit
    needs: tuple[str, ...]
    rule: Callable[[Measured], tuple[Outcome, str]]
    href: str


@dataclass(frozen=True)
class Verdict:
    """A claim as it stands today.

    Attributes:
        claim: the claim.
        outcome: None while the figures that decide are not there.
        effect: the figure with its interval; ``-`` while there is none.
        sentence: what it means, or which command judges the claim.
    """

    claim: Claim
    outcome: Outcome | None
    effect: str
    sentence: str


def judge(metrics: pl.DataFrame) -> list[Verdict]:
    """The five verdicts.

    Args:
        metrics: task, metric, value, low, high and goal of ``predictions.model_metrics``.
    """
    return [_judge_one(claim, metrics) for claim in CLAIMS]


def tone_of(outcome: Outcome | None) -> Tone:
    """The colour of an outcome; it stands there in words too."""
    return "grey" if outcome is None else _TONES[outcome]


def verdicts_frame(verdicts: list[Verdict]) -> pl.DataFrame:
    """The verdicts as a table: claim, verdict, effect, figure, in_words."""
    return pl.DataFrame(
        [
            {
                "claim": one.claim.words,
                "verdict": one.outcome or "not judged yet",
                "effect": one.effect,
                "figure": one.claim.figure_name,
                "in_words": one.sentence,
            }
            for one in verdicts
        ]
    )


def _judge_one(claim: Claim, metrics: pl.DataFrame) -> Verdict:
    known = metrics.filter((pl.col("task") == claim.task) & pl.col("value").is_not_null())
    measured = Measured(
        {row[0]: row[1:] for row in known.select("metric", "value", "low", "high", "goal").rows()}
    )
    if any(name not in measured.rows for name in (claim.figure, *claim.needs)):
        words = f"Not judged yet: run `make train TASK={claim.task}`."
        return Verdict(claim, None, "-", words)
    outcome, sentence = claim.rule(measured)
    value, low, high, _ = measured.rows[claim.figure]
    effect = with_interval(value, low, high, claim.unit)
    if claim.task == "hypotheses":
        effect = _strongest(measured)[1]
    return Verdict(claim, outcome, effect, sentence)


def _purchase(measured: Measured) -> tuple[Outcome, str]:
    claimed = goal_bound(measured.rows["basket_ticket_r2"][3])
    single = measured.value("test_r2")
    ceiling = (
        f"For one purchase it is {percent(single)}; by the model's own estimate, chance in prices "
        f"leaves about {percent(measured.value('noise_ceiling_r2'), 0)}"
    )
    if not measured.reaches("basket_ticket_r2"):
        return "Does not hold", f"Not even for the basket of a known customer. {ceiling}."
    if claimed is not None and single >= claimed:
        return "Holds", (
            "It holds for baskets, given their products, and for single purchases; an R2 that high "
            "has to be explained before it is believed."
        )
    without = percent(measured.value("basket_ticket_r2_of_own_mean"))
    return "Holds in part", (
        f"It holds for the basket of a known customer, given its products; without them it is "
        f"{without}. {ceiling}."
    )


def _segments(measured: Measured) -> tuple[Outcome, str]:
    line, blob = (
        measured.value(f"{name}_silhouette_euclidean") for name in ("uniform_line", "blob")
    )
    nulls = f"an even line reaches {number(line, 3)}, one Gaussian blob {number(blob, 3)}"
    count = f"{number(measured.value('k'))} segments"
    if measured.value("silhouette_euclidean") <= max(line, blob) + _BEYOND_CHANCE:
        return "Does not hold", f"{count} are tiers of spend, not clusters: {nulls} without any."
    reaches = ("silhouette_euclidean", "k", "smallest_share", "bootstrap_ari")
    outcome: Outcome = "Holds" if measured.reaches(*reaches) else "Holds in part"
    return outcome, f"{count} are further apart than chance: {nulls}."


def _recommendations(measured: Measured) -> tuple[Outcome, str]:
    times = measured.value("blend_ndcg_over_popularity")
    words = f"Personal lists are {number(times, 2)} times as good as best sellers."
    if measured.reaches("blend_ndcg_at_10", "blend_ndcg_over_popularity"):
        return "Holds", words
    return ("Holds in part", words) if times > 1 else ("Does not hold", "Best sellers are as good.")


_NOT_DEMOGRAPHIC = "_with_count_purchases_effect"


def _demographics(measured: Measured) -> tuple[Outcome, str]:
    asked = sum(
        name.endswith("_effect") and not name.endswith(_NOT_DEMOGRAPHIC) for name in measured.rows
    )
    supported = measured.value("demographic_patterns_supported")
    outcome: Outcome = "Does not hold"
    if measured.reaches("demographic_patterns_supported"):
        outcome = "Holds" if supported == asked else "Holds in part"
    words = f"Of {asked} patterns {number(supported)} are certain and large enough to mention"
    name, _ = _strongest(measured)
    return outcome, f"{words}; the strongest is {name}." if name else f"{words}."


def _strongest(measured: Measured) -> tuple[str, str]:
    """What goes with most of the differences in spending, and its share with interval."""
    share = measured.value("strongest_supported_eta_squared")
    if not share:
        return "", "-"
    for name, (value, low, high, _) in measured.rows.items():
        if name.endswith("_effect") and value == share:
            what, _, factor = name.removesuffix("_effect").partition("_by_")
            what = {"sum_purchase": "total spend", "mean_purchase": "average purchase"}.get(
                what, "amount within a category"
            )
            named = f"{what} by {factor.replace('_', ' ')}"
            return named, with_interval(value, low, high, SHARE)
    return "", SHARE.write(share)


def _high_value(measured: Measured) -> tuple[Outcome, str]:
    outcome: Outcome = "Holds" if measured.reaches("roc_auc", "ece") else "Does not hold"
    return outcome, (
        f"{percent(measured.value('roc_auc'), 0)} of pairs of customers are ranked right; "
        f"probabilities are off by {percent(measured.value('ece'))}, where chance alone makes "
        f"{percent(measured.value('ece_if_calibrated'))}."
    )


CLAIMS = (
    Claim(
        "purchase",
        "What a purchase amounts to can be predicted to over 85 %.",
        "basket_ticket_r2",
        "of the differences between baskets explained, given their products (R2)",
        SHARE,
        ("test_r2", "noise_ceiling_r2", "basket_ticket_r2_of_own_mean"),
        _purchase,
        "/models",
    ),
    Claim(
        "segments",
        "Customers fall into segments that can be acted on.",
        "silhouette_euclidean",
        "silhouette, 1 for perfect separation",
        SCORE,
        (
            *("k", "smallest_share", "bootstrap_ari"),
            *("uniform_line_silhouette_euclidean", "blob_silhouette_euclidean"),
        ),
        _segments,
        "/customers",
    ),
    Claim(
        "recommendations",
        "What others bought tells what a customer will want.",
        "blend_ndcg_over_popularity",
        "as best sellers, by NDCG@10",
        _TIMES,
        ("blend_ndcg_at_10",),
        _recommendations,
        "/products",
    ),
    Claim(
        "hypotheses",
        "Who a customer is tells what it buys.",
        "strongest_supported_eta_squared",
        "of the differences in spending explained by the strongest pattern",
        SHARE,
        ("demographic_patterns_supported",),
        _demographics,
        "/hypotheses",
    ),
    Claim(
        "high-value",
        "Customers of high value are recognised by their first basket.",
        "roc_auc",
        "of pairs of customers ranked right (ROC AUC)",
        SHARE,
        ("ece", "ece_if_calibrated"),
        _high_value,
        "/models",
    ),
)
"""The claims, in the order of the page of results."""
