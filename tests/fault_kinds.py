"""Which fault of the producer a rejected message had, told from its reasons and its value."""

import json
from collections.abc import Sequence

_BY_REASON = {
    "value_is_null": "tombstone",
    "value_is_empty": "empty_value",
    "value_is_too_large": "huge_value",
    "value_is_not_utf8": "not_utf8",
    "event_type_is_unknown": "unknown_event_type",
    "timestamp_is_too_late": "far_future",
    "timestamp_is_too_early": "far_past",
}
_PAST_A_BOUND = ("_is_not_positive", "_is_unknown", "_is_absurd")


def kind_of_broken(reasons: Sequence[str], value: str | None) -> str:
    """The kind of ``events.faults.BROKEN_KINDS``; an injected fault has exactly one reason.

    The value decides only where two kinds lead to one reason.
    """
    (reason,) = reasons
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if reason == "value_is_no_json_object":
        return "invalid_json" if value.startswith("purchase of ") else "truncated_json"
    if reason.endswith("_is_missing"):
        return "missing_field"
    if reason.endswith("_has_wrong_type"):
        # A whole number that 32 bits do not hold.
        found = json.loads(value)[reason.removesuffix("_has_wrong_type")]
        return "out_of_range" if type(found) is int else "wrong_type"
    assert reason.endswith(_PAST_A_BOUND), reason
    return "out_of_range"
