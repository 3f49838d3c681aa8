"""What became of the project's five claims, as the models say it in ``predictions.verdicts``."""

from dataclasses import dataclass

import polars as pl

from dashboard.formats import SCORE, SHARE, Unit, with_interval
from dashboard.theme import Tone

__all__ = ["CLAIMS", "VERDICTS", "Claim", "Verdict", "read_verdicts", "tone_of", "verdicts_frame"]

VERDICTS = "predictions.verdicts"

_TONES: dict[str, Tone] = {"Holds": "gain", "Holds in part": "warm", "Does not hold": "loss"}
_TIMES = Unit("times as good", "score")


@dataclass(frozen=True)
class Claim:
    """One claim of the project, and how its effect is shown.

    Attributes:
        task: that judges it.
        words: in plain words.
        effect_name: what the effect is, for people.
        unit: of it.
        href: the page that shows more.
    """

    task: str
    words: str
    effect_name: str
    unit: Unit
    href: str


@dataclass(frozen=True)
class Verdict:
    """A claim as it stands today.

    Attributes:
        claim: the claim.
        outcome: None while it is not judged.
        effect: the figure with its interval; ``-`` while there is none.
        sentence: what it means, or which command judges the claim.
    """

    claim: Claim
    outcome: str | None
    effect: str
    sentence: str


def read_verdicts(rows: pl.DataFrame) -> list[Verdict]:
    """The five verdicts, those that are not there yet included.

    Args:
        rows: task, outcome, sentence, value, low and high of ``predictions.verdicts``.
    """
    judged = {row["task"]: row for row in rows.iter_rows(named=True)}
    return [_verdict(claim, judged.get(claim.task)) for claim in CLAIMS]


def _verdict(claim: Claim, row: dict[str, str | float | None] | None) -> Verdict:
    if row is None:
        return Verdict(claim, None, "-", f"Not judged yet: run `make train TASK={claim.task}`.")
    effect = with_interval(row["value"], row["low"], row["high"], claim.unit)
    return Verdict(claim, row["outcome"], effect, row["sentence"])


def tone_of(outcome: str | None) -> Tone:
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
                "figure": one.claim.effect_name,
                "in_words": one.sentence,
            }
            for one in verdicts
        ]
    )


CLAIMS = (
    Claim(
        "purchase",
        "What a purchase amounts to can be predicted to over 85 %.",
        "of the differences between baskets explained, given their products (R2)",
        SHARE,
        "/models",
    ),
    Claim(
        "segments",
        "Customers fall into segments that can be acted on.",
        "silhouette, 1 for perfect separation",
        SCORE,
        "/customers",
    ),
    Claim(
        "recommendations",
        "What others bought tells what a customer will want.",
        "as best sellers, by NDCG@10",
        _TIMES,
        "/products",
    ),
    Claim(
        "hypotheses",
        "Who a customer is tells what it buys.",
        "of the differences in spending explained by the strongest pattern",
        SHARE,
        "/hypotheses",
    ),
    Claim(
        "high-value",
        "Customers of high value are recognised by their first basket.",
        "of pairs of customers ranked right (ROC AUC)",
        SHARE,
        "/models",
    ),
)
"""The claims, in the order of the page of results."""
