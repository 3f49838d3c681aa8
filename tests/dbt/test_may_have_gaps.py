"""Which topics may have offsets without a record, as the contract of the messages says."""

from typing import Any

import pytest
from macro_under_test import call_macro


@pytest.mark.parametrize(
    ("topics", "wanted"),
    [
        ({"sales": {}, "views": {"may_have_gaps": False}}, "false"),
        ({"sales": {"may_have_gaps": True}, "views": {}}, "t.topic in ('sales')"),
        (
            {"sales": {"may_have_gaps": True}, "views": {"may_have_gaps": True}},
            "t.topic in ('sales', 'views')",
        ),
    ],
)
def test_only_topics_of_which_it_is_said(topics: dict[str, Any], wanted: str) -> None:
    variables = {"messages": {"topics": topics}}
    found = call_macro(
        "may_have_gaps", "t.topic", calls=("sql_list",), context={"var": variables.__getitem__}
    )
    assert " ".join(found.split()) == wanted
