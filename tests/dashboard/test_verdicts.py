"""The five verdicts of the first page are shown as the models wrote them, missing ones too."""

import polars as pl

from dashboard.verdicts import CLAIMS, read_verdicts, tone_of, verdicts_frame
from ml.verdicts import HYPOTHESES

ROWS = pl.DataFrame(
    {
        "task": ["hypotheses", "segments"],
        "outcome": ["Holds in part", "Does not hold"],
        "sentence": ["Of 2 patterns 1.", "Tiers."],
        "value": [0.144, 0.53],
        "low": [0.134, None],
        "high": [0.154, None],
    }
)


def test_the_claims_are_those_of_the_project():
    assert [(one.task, one.words) for one in CLAIMS] == [
        (one.task, one.claim) for one in HYPOTHESES
    ]


def test_a_verdict_is_shown_with_its_effect_in_the_units_of_its_claim():
    shown = {one.claim.task: one for one in read_verdicts(ROWS)}
    assert shown["hypotheses"].effect == "14.4 % [13.4 % to 15.4 %]"
    assert shown["hypotheses"].sentence == "Of 2 patterns 1."
    assert shown["segments"].effect == "0.530"
    assert [tone_of(shown[task].outcome) for task in ("hypotheses", "segments", "purchase")] == [
        "warm",
        "loss",
        "grey",
    ]


def test_what_is_not_judged_names_its_command():
    found = read_verdicts(ROWS)
    assert [one.outcome for one in found] == [None, "Does not hold", None, "Holds in part", None]
    assert found[0].sentence == "Not judged yet: run `make train TASK=purchase`."
    assert found[0].effect == "-"
    frame = verdicts_frame(found)
    assert frame["verdict"].to_list()[:2] == ["not judged yet", "Does not hold"]
    assert len(frame) == 5
