"""What became of the project's hypotheses: a verdict in plain words, from the newest figures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ml.goals import GOALS, Goal
from ml.hypotheses.data import FACTORS, OUTCOMES, is_demographic
from ml.segments.chance import TIERS, verdict_of
from ml.task import Metric

__all__ = [
    "HYPOTHESES",
    "Figure",
    "Hypothesis",
    "NewestRun",
    "Verdict",
    "verdict_rows",
    "verdicts_table",
]

Values = Mapping[str, float]
Outcome = Literal["Holds", "Holds in part", "Does not hold"]


@dataclass(frozen=True)
class Figure:
    """A metric that decides on a hypothesis.

    Attributes:
        metric: its name.
        words: what it is, for people.
        goal: what the hypothesis asks of it.
    """

    metric: str
    words: str
    goal: Goal


@dataclass(frozen=True)
class Verdict:
    """What became of a hypothesis.

    Attributes:
        outcome: in a word.
        sentence: what it means.
        effect: the metric that shows how large it is.
    """

    outcome: Outcome
    sentence: str
    effect: Metric


@dataclass(frozen=True)
class Hypothesis:
    """One claim of the project, and how it is judged.

    Attributes:
        task: of ``python -m ml train`` that measures it.
        claim: in plain words.
        figures: that decide.
        told: further metrics that the sentence tells.
        effect: from the task's metrics by name to the one that shows how large the effect is.
        rule: from the values of the metrics, and whether all figures reach their goals, to the
            outcome and one sentence.
    """

    task: str
    claim: str
    figures: tuple[Figure, ...]
    told: tuple[str, ...]
    effect: Callable[[Values], str]
    rule: Callable[[Values, bool], tuple[Outcome, str]]

    def judge(self, metrics: Mapping[str, Metric]) -> Verdict | None:
        """The verdict that these metrics lead to; None while one that decides is missing."""
        if any(name not in metrics for name in (*(f.metric for f in self.figures), *self.told)):
            return None
        values = {name: metric.value for name, metric in metrics.items()}
        is_reached = all(one.goal.is_met(values[one.metric]) for one in self.figures)
        outcome, sentence = self.rule(values, is_reached)
        return Verdict(outcome, sentence, metrics[self.effect(values)])


@dataclass(frozen=True)
class NewestRun:
    """The newest figures of a task.

    Attributes:
        run_id: of the run that measured them.
        metrics: by name.
    """

    run_id: str
    metrics: Mapping[str, Metric]


def verdict_rows(task: str, metrics: Iterable[Metric]) -> list[dict[str, str | float | None]]:
    """The verdict on a task's hypothesis as a row of ``predictions.verdicts``.

    Returns:
        No row where the task has no hypothesis, or a metric that decides is missing.
    """
    by_name = {metric.name: metric for metric in metrics}
    judged = [(one, one.judge(by_name)) for one in HYPOTHESES if one.task == task]
    return [
        {
            "task": task,
            "claim": one.claim,
            "outcome": verdict.outcome,
            "sentence": verdict.sentence,
            "effect": verdict.effect.name,
            "value": verdict.effect.value,
            "low": verdict.effect.low,
            "high": verdict.effect.high,
        }
        for one, verdict in judged
        if verdict is not None
    ]


def verdicts_table(newest: Mapping[str, NewestRun]) -> str:
    """The hypotheses as a Markdown table; one without a run names the command that judges it.

    So does one whose run is older than the figures that decide.

    Args:
        newest: task -> its newest run.
    """
    lines = ["| hypothesis | verdict | in words | figures (goal) | run |", "|---|---|---|---|---|"]
    for one in HYPOTHESES:
        run = newest.get(one.task)
        verdict = None if run is None else one.judge(run.metrics)
        if verdict is None:
            lines.append(f"| {one.claim} | Not judged yet | `make train TASK={one.task}` | | |")
            continue
        figures = "; ".join(
            f"{figure.words} {_shown(run.metrics[figure.metric])} ({figure.goal})"
            for figure in one.figures
        )
        lines.append(
            f"| {one.claim} | {verdict.outcome} | {verdict.sentence} | {figures} | `{run.run_id}` |"
        )
    return "\n".join(lines)


def _shown(metric: Metric) -> str:
    if metric.low is None:
        return f"{metric.value:.3g}"
    return f"{metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]"


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f} %"


_CLAIMED = GOALS["purchase"]["basket_ticket_r2"]


def _purchase(values: Values, is_reached: bool) -> tuple[Outcome, str]:
    if is_reached:
        return "Holds", (
            "It holds for baskets, given their products, and for single purchases; an R2 that high "
            "has to be explained before it is believed."
        )
    ceiling = (
        f"For one purchase it is {_percent(values['test_r2'])}; which price level it is on is "
        "mostly chance, which by the model's own estimate leaves about "
        f"{_percent(values['noise_ceiling_r2'])}."
    )
    if not _CLAIMED.is_met(values["basket_ticket_r2"]):
        return "Does not hold", f"Not even for the basket of a known customer. {ceiling}"
    return "Holds in part", (
        "It holds for the basket of a known customer, given its products; without them it is "
        f"{_percent(values['basket_ticket_r2_of_own_mean'])}. {ceiling}"
    )


def _segments(values: Values, is_reached: bool) -> tuple[Outcome, str]:
    line = values["uniform_line_silhouette_euclidean"]
    blob = values["blob_silhouette_euclidean"]
    nulls = f"an even line reaches {line:.3f}, one Gaussian blob {blob:.3f}"
    count = f"{values['k']:.0f} segments"
    if verdict_of(values["silhouette_euclidean"], line, blob) == TIERS:
        return "Does not hold", f"{count} are tiers of spend, not clusters: {nulls} without any."
    outcome: Outcome = "Holds" if is_reached else "Holds in part"
    return outcome, f"{count} are further apart than chance: {nulls}."


def _recommendations(values: Values, is_reached: bool) -> tuple[Outcome, str]:
    times = values["blend_ndcg_over_popularity"]
    words = f"Personal lists are {times:.2f} times as good as best sellers."
    if is_reached:
        return "Holds", words
    if times > 1:
        return "Holds in part", words
    return "Does not hold", f"Best sellers are as good ({times:.2f})."


_AMOUNTS = OUTCOMES | {"within_category_purchase": "amount within a category"}


def _strongest(values: Values) -> tuple[str, str]:
    """Metric of the strongest supported pattern, and its name for people; no name if there is none.

    Without one, the metric is the share itself, which is 0.
    """
    share = values["strongest_supported_eta_squared"]
    for outcome, words in _AMOUNTS.items():
        for factor in FACTORS:
            name = f"{outcome}_by_{factor}_effect"
            if share and values.get(name) == share:
                return name, f"{words} by {FACTORS[factor]}"
    return "strongest_supported_eta_squared", ""


def _demographics(values: Values, is_reached: bool) -> tuple[Outcome, str]:
    names = [name.removesuffix("_effect") for name in values if name.endswith("_effect")]
    asked = sum(map(is_demographic, names))
    supported = values["demographic_patterns_supported"]
    outcome: Outcome = "Does not hold"
    if is_reached:
        outcome = "Holds" if supported == asked else "Holds in part"
    counted = (
        f"Of {asked} demographic patterns {supported:.0f} are both certain and worth mentioning"
    )
    metric, words = _strongest(values)
    if not words:
        return outcome, f"{counted}; none of these tells what customers pay."
    return outcome, (
        f"{counted}; the strongest, {words}, explains {_percent(values[metric], 1)} of the "
        "differences between customers."
    )


def _high_value(values: Values, is_reached: bool) -> tuple[Outcome, str]:
    return "Holds" if is_reached else "Does not hold", (
        f"{_percent(values['roc_auc'])} of pairs of customers are ranked right; probabilities are "
        f"off by {_percent(values['ece'], 1)}, where chance alone makes "
        f"{_percent(values['ece_if_calibrated'], 1)}."
    )


def _figures(task: str, **words: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, text, GOALS[task][name]) for name, text in words.items())


HYPOTHESES = (
    Hypothesis(
        "purchase",
        f"What a purchase amounts to can be predicted to over {_percent(_CLAIMED.bound)}.",
        (
            Figure(
                "basket_ticket_r2",
                "R2 of a known customer's mean ticket, given its products",
                _CLAIMED,
            ),
            Figure("test_r2", "R2 of a single purchase", _CLAIMED),
        ),
        ("noise_ceiling_r2", "basket_ticket_r2_of_own_mean"),
        lambda _: "basket_ticket_r2",
        _purchase,
    ),
    Hypothesis(
        "segments",
        "Customers fall into segments that can be acted on.",
        _figures(
            "segments",
            silhouette_euclidean="silhouette",
            k="segments",
            smallest_share="smallest share",
            bootstrap_ari="agreement under resampling (ARI)",
        ),
        ("uniform_line_silhouette_euclidean", "blob_silhouette_euclidean"),
        lambda _: "silhouette_euclidean",
        _segments,
    ),
    Hypothesis(
        "recommendations",
        "What others bought tells what a customer will want.",
        _figures(
            "recommendations",
            blend_ndcg_at_10="NDCG@10",
            blend_ndcg_over_popularity="times that of best sellers",
        ),
        (),
        lambda _: "blend_ndcg_over_popularity",
        _recommendations,
    ),
    Hypothesis(
        "hypotheses",
        "Who a customer is tells what it buys.",
        _figures("hypotheses", demographic_patterns_supported="demographic patterns supported"),
        ("strongest_supported_eta_squared",),
        lambda values: _strongest(values)[0],
        _demographics,
    ),
    Hypothesis(
        "high-value",
        "Customers of high value are recognised by their first basket.",
        _figures("high-value", roc_auc="ROC AUC", ece="calibration error"),
        ("ece_if_calibrated",),
        lambda _: "roc_auc",
        _high_value,
    ),
)
"""The claims, in the order of the page of results."""
