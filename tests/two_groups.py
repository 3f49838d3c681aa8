"""Two groups of tests, which `make test` runs side by side: one waits for Spark half of its time.

The first holds all that stands on the one lakehouse of the run, as a second one would have to be
built for a second process. The order within a group is that of a run in one process.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

__all__ = ["ON_THE_LAKEHOUSE", "TwoGroups", "refuse_unlisted"]

_FIXTURES = {"server", "lakehouse"}

# By file, as xdist asks for the group of a test by its name alone.
ON_THE_LAKEHOUSE = {
    "tests/dashboard/test_browser.py",
    "tests/simulator/events/test_simulated_time.py",
    *(
        f"tests/integration/test_{name}.py"
        for name in (
            "bad_input",
            "build",
            "build_state",
            "dbt_behaviour",
            "dbt_docs",
            "dbt_environments",
            "increments",
            "limits",
            "lineage",
            "maintenance",
            "notebook",
            "replay",
            "sql_style",
            "stream_dbt",
            "targets",
        )
    ),
}


class TwoGroups(LoadScopeScheduling):
    """Tests on the lakehouse for one process, all others for the other one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "on the lakehouse" if file in ON_THE_LAKEHOUSE else "the rest"


def refuse_unlisted(items: list[pytest.Item]) -> None:
    """Refuse a test on the lakehouse in a file that is not listed: it would have another built.

    Raises:
        pytest.UsageError: names the files.
    """
    found = {
        item.nodeid.partition("::")[0]
        for item in items
        if _FIXTURES.intersection(getattr(item, "fixturenames", ()))
    }
    if unlisted := sorted(found - ON_THE_LAKEHOUSE):
        raise pytest.UsageError(
            f"{', '.join(unlisted)}: tests here use the lakehouse of the run; add the file to "
            "ON_THE_LAKEHOUSE in tests/two_groups.py"
        )
