"""What became of the project's hypotheses: a verdict in plain words, from the newest figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ml.goals import GOALS, Goal
from ml.hypotheses.data import FACTORS, OUTCOMES, is_demographic
from ml.segments.chance import TIERS, verdict_of
from ml.task import Metric

__all__ = ["HYPOTHESES", "Figure", "Hypothesis", "NewestRun", "verdicts_table"]

Values = Mapping[str, float]


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
class Hypothesis:
    """One claim of the project, and how it is judged.

    Attributes:
        task: of ``python -m ml train`` that measures it.
        claim: in plain words.
        figures: that decide.
        verdict: from the task's metrics by name, and whether all figures reach their goals, to the
            verdict in plain words.
    """

    task: str
    claim: str
    figures: tuple[Figure, ...]
    verdict: Callable[[Values, bool], str]

    def judge(self, values: Values) -> str:
        """The verdict that these metrics lead to."""
        return self.verdict(
            values, all(one.goal.is_met(values[one.metric]) for one in self.figures)
        )


@dataclass(frozen=True)
class NewestRun:
    """The newest figures of a task.

    Attributes:
        run_id: of the run that measured them.
        metrics: by name.
    """

    run_id: str
    metrics: Mapping[str, Metric]


def verdicts_table(newest: Mapping[str, NewestRun]) -> str:
    """The hypotheses as a Markdown table; one without a run names the command that judges it.

    So does one whose run is older than the figures that decide.

    Args:
        newest: task -> its newest run.
    """
    lines = ["| hypothesis | verdict | figures (goal) | run |", "|---|---|---|---|"]
    for one in HYPOTHESES:
        run = newest.get(one.task)
        if run is None or any(figure.metric not in run.metrics for figure in one.figures):
            lines.append(f"| {one.claim} | Not judged yet: `make train TASK={one.task}`. | | |")
            continue
        words = one.judge({name: metric.value for name, metric in run.metrics.items()})
        figures = "; ".join(
            f"{figure.words} {_shown(run.metrics[figure.metric])} ({figure.goal})"
            for figure in one.figures
        )
        lines.append(f"| {one.claim} | {words} | {figures} | `{run.run_id}` |")
    return "\n".join(lines)


def _shown(metric: Metric) -> str:
    if metric.low is None:
        return f"{metric.value:.3g}"
    return f"{metric.value:.3f} [{metric.low:.3f}, {metric.high:.3f}]"


_CLAIMED = GOALS["purchase"]["basket_ticket_r2"]


def _purchase(values: Values, is_reached: bool) -> str:
    if is_reached:
        return (
            "Holds for baskets, given their products, and for single purchases; an R2 that high "
            "has to be explained before it is believed."
        )
    ceiling = (
        "which price level a single purchase is on is mostly chance, which by the model's own "
        f"estimate leaves an R2 of about {values['noise_ceiling_r2']:.2f}"
    )
    if _CLAIMED.is_met(values["basket_ticket_r2"]):
        return (
            "Holds for the basket of a known customer, given its products (without them "
            f"{values['basket_ticket_r2_of_own_mean']:.2f}), does not hold for a single purchase: "
            f"{ceiling}."
        )
    return f"Does not hold, not even for the basket of a known customer: {ceiling}."


def _segments(values: Values, is_reached: bool) -> str:
    line = values["uniform_line_silhouette_euclidean"]
    blob = values["blob_silhouette_euclidean"]
    nulls = f"an even line reaches {line:.3f} and one Gaussian blob {blob:.3f}, without a cluster"
    count = f"{values['k']:.0f} segments"
    if verdict_of(values["silhouette_euclidean"], line, blob) == TIERS:
        return f"Not supported: {count} are tiers, not clusters; {nulls}. Useful as tiers of spend."
    found = "Holds" if is_reached else "Holds in part"
    return f"{found}: {count} are further apart than chance; {nulls}."


def _recommendations(values: Values, is_reached: bool) -> str:
    times = values["blend_ndcg_over_popularity"]
    if is_reached:
        return f"Holds: personal lists are {times:.2f} times as good as best sellers."
    if times > 1:
        return f"Holds in part: personal lists are {times:.2f} times as good as best sellers."
    return f"Does not hold: best sellers are as good ({times:.2f})."


_AMOUNTS = OUTCOMES | {"within_category_purchase": "amount within a category"}


def _demographics(values: Values, is_reached: bool) -> str:
    names = [name.removesuffix("_effect") for name in values if name.endswith("_effect")]
    asked = sum(map(is_demographic, names))
    supported = values["demographic_patterns_supported"]
    verdict = "Does not hold"
    if is_reached:
        verdict = "Holds" if supported == asked else "Holds in part"
    counted = (
        f"{verdict}: of {asked} demographic patterns {supported:.0f} are both certain and worth "
        "mentioning"
    )
    share = values["strongest_supported_eta_squared"]
    if not share:
        return f"{counted}; none of these tells what customers pay."
    strongest = next(
        f"{words} by {FACTORS[factor]}"
        for outcome, words in _AMOUNTS.items()
        for factor in FACTORS
        if values.get(f"{outcome}_by_{factor}_effect") == share
    )
    return (
        f"{counted}; the strongest, {strongest}, explains {share:.1%} of the differences between "
        "customers."
    )


def _high_value(values: Values, is_reached: bool) -> str:
    ranked = f"{values['roc_auc']:.0%} of pairs of customers are ranked right"
    off = (
        f"the calibration error is {values['ece']:.4f}, where {values['ece_if_calibrated']:.4f} is "
        "chance"
    )
    return f"{'Holds' if is_reached else 'Does not hold'}: {ranked}, and {off}."


def _figures(task: str, **words: str) -> tuple[Figure, ...]:
    return tuple(Figure(name, text, GOALS[task][name]) for name, text in words.items())


HYPOTHESES = (
    Hypothesis(
        "purchase",
        f"What a purchase amounts to can be predicted to over {_CLAIMED.bound:.0%}.",
        (
            Figure(
                "basket_ticket_r2",
                "R2 of a known customer's mean ticket, given its products",
                _CLAIMED,
            ),
            Figure("test_r2", "R2 of a single purchase", _CLAIMED),
        ),
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
        _recommendations,
    ),
    Hypothesis(
        "hypotheses",
        "Who a customer is tells what it buys.",
        _figures("hypotheses", demographic_patterns_supported="demographic patterns supported"),
        _demographics,
    ),
    Hypothesis(
        "high-value",
        "Customers of high value are recognised by their first basket.",
        _figures("high-value", roc_auc="ROC AUC", ece="calibration error"),
        _high_value,
    ),
)
