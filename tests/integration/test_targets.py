"""The same project, landed lines and SQL give the same tables whichever target runs them."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lakehouse_under_test import LakehouseUnderTest
from table_content import assert_same_rows, content_of

from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.summary import summarise

pytestmark = [pytest.mark.integration, pytest.mark.long]

# The whole way of a purchase, to a mart and to the models; a second full build would show no more.
RUN = (
    *("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test", "-s"),
    *("+sales_by_demographic", "+purchase_training_set", "+dim_customer_history"),
    *("rejected_purchases", "duplicate_purchases", "load_audit"),
)

# A history tells when dbt ran, and the session's dbt ran but once.
OF_RUNS = {"snapshots.customers_snapshot", "marts.dim_customer_history"}


@pytest.fixture(scope="module")
def session(lakehouse: LakehouseUnderTest) -> Iterator[LakehouseUnderTest]:
    """A lakehouse with the lines of the shared one, built inside dbt's process."""
    lakehouse.dbt(*RUN)
    # Not pytest's folder, which keeps the last three of each: a lakehouse is large.
    var_dir = Path(tempfile.mkdtemp(prefix="lh-session-"))
    (var_dir / "jars").symlink_to((lakehouse.settings.var_dir / "jars").resolve())
    settings = lakehouse.settings.model_copy(update={"var_dir": var_dir})
    shutil.copytree(lakehouse.settings.schema_path("bronze"), settings.schema_path("bronze"))
    ensure_registered_tables(settings)
    built = LakehouseUnderTest(settings)
    built.dbt(*RUN, target="session")
    yield built
    shutil.rmtree(var_dir)


def tables_of(lakehouse: LakehouseUnderTest) -> set[str]:
    # What runs leave behind about themselves is no data, and other writers' tables are not dbt's.
    others = {"audit", "bronze", "live", "predictions"}
    return {str(name) for name in summarise(lakehouse.settings).rows if name.schema not in others}


def test_a_session_builds_the_tables_that_the_server_builds(lakehouse, session):
    names = tables_of(session)
    assert {"marts.sales_by_demographic", "features.purchase_training_set"} <= names
    assert names <= tables_of(lakehouse)
    filled = set()
    for name in sorted(names - OF_RUNS):
        rows = [content_of(place.table(name)) for place in (session, lakehouse)]
        # No stream ran here, so the tables of its events are empty in both.
        if any(len(one) for one in rows):
            assert_same_rows(*rows, name=name)
            filled.add(name)
    assert len(filled) > 10


def test_a_session_knows_the_newest_state_of_every_customer_as_the_server_does(lakehouse, session):
    newest = [
        content_of(place.table("marts.dim_customer_history"))
        .query("is_current")
        .drop(columns=["customer_state_id", "valid_from", "valid_to"])
        .sort_values("user_id", ignore_index=True)
        for place in (lakehouse, session)
    ]
    assert_same_rows(*newest, name="dim_customer_history")
