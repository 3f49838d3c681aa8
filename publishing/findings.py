"""What the results say: each finding once, for slides and report alike."""

from collections.abc import Callable
from dataclasses import dataclass

from lakehouse.settings import Settings
from publishing import business_findings, model_findings, sales_findings
from publishing.finding import Finding
from publishing.inputs import Inputs, NotThere
from publishing.wording import kinds

__all__ = ["Findings", "Gap", "find"]

_FINDINGS: tuple[tuple[str, Callable[[Inputs], Finding]], ...] = (
    ("Sales at a glance", sales_findings.at_a_glance),
    ("Categories", sales_findings.categories),
    ("Customers", sales_findings.concentration),
    ("Who buys", sales_findings.who_buys),
    ("Cities", sales_findings.cities),
    ("Customer segments", model_findings.segments),
    ("Customer lifetime value", business_findings.lifetime_value),
    ("Product demand", business_findings.product_demand),
    ("Price behaviour", business_findings.price_behaviour),
    ("Campaigns", business_findings.campaigns),
    ("Recommendations", model_findings.recommendations),
    ("Predicting an amount", model_findings.purchase_model),
    ("High-value customers", model_findings.high_value),
    ("Hypotheses", model_findings.hypotheses),
    ("Silent customers", business_findings.churn),
    ("Sales forecast", business_findings.forecast),
)
"""Topic -> what finds out about it, in the order in which a story is told."""


@dataclass(frozen=True)
class Gap:
    """A topic of which nothing can be said yet, and the command that changes that."""

    topic: str
    what: str
    command: str


@dataclass(frozen=True)
class Findings:
    """All that the results say, and what they cannot say yet.

    Attributes:
        data_kind: a phrase for titles, such as 'REAL data; event times are simulated'.
        found: the findings by topic.
        gaps: the topics without one.
    """

    data_kind: str
    found: dict[str, Finding]
    gaps: tuple[Gap, ...]


def find(settings: Settings) -> Findings:
    """Find out about every topic for which the tables and figures are there.

    Raises:
        TableError: nothing is built.
    """
    inputs = Inputs(settings)
    found: dict[str, Finding] = {}
    gaps: list[Gap] = []
    for topic, find_out in _FINDINGS:
        try:
            found[topic] = find_out(inputs)
        except NotThere as missing:
            gaps.append(Gap(topic, missing.what, missing.command))
    return Findings(kinds(inputs.data_kinds), found, tuple(gaps))
