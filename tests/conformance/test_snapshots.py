"""Snapshots by timestamp and by check, their columns, and rows that vanish from the source."""

import pytest
from dbt.tests.adapter.simple_snapshot import common
from dbt.tests.adapter.simple_snapshot import fixtures as configured
from dbt.tests.adapter.simple_snapshot import new_record_dbt_valid_to_current as valid_to_current
from dbt.tests.adapter.simple_snapshot import new_record_timestamp_mode as new_record
from dbt.tests.adapter.simple_snapshot.new_record_check_mode import BaseSnapshotNewRecordCheckMode
from dbt.tests.adapter.simple_snapshot.new_record_dbt_valid_to_current import (
    BaseSnapshotNewRecordDbtValidToCurrent,
)
from dbt.tests.adapter.simple_snapshot.new_record_timestamp_mode import (
    BaseSnapshotNewRecordTimestampMode,
)
from dbt.tests.adapter.simple_snapshot.test_ephemeral_snapshot_hard_deletes import (
    BaseSnapshotEphemeralHardDeletes,
    BaseSnapshotNewColumnSpecificCheckCols,
    BaseSnapshotNewColumnTimestampStrategy,
    BaseSnapshotNewColumnWithDeletes,
)
from dbt.tests.adapter.simple_snapshot.test_snapshot import BaseSimpleSnapshot, BaseSnapshotCheck
from dbt.tests.adapter.simple_snapshot.test_various_configs import (
    BaseSnapshotColumnNames,
    BaseSnapshotColumnNamesFromDbtProject,
    BaseSnapshotDbtValidToCurrent,
    BaseSnapshotInvalidColumnNames,
    BaseSnapshotMultiUniqueKey,
)
from dbt.tests.util import run_dbt


def without_database(model_sql: str) -> str:
    """A model's text for an engine that has no database above the schema."""
    return model_sql.replace("{{target.database}}.", "")


class _FactInDelta:
    """The table that these tests change by hand, with the rows of their seed."""

    def add_fact_column(self, column=None, definition=None):
        # Delta adds a column without a default, which would be null here anyway.
        common.add_column(self.project, "fact", column, definition.replace(" default null", ""))


class TestSimpleSnapshot(_FactInDelta, BaseSimpleSnapshot):
    pass


class TestSnapshotCheck(_FactInDelta, BaseSnapshotCheck):
    pass


class _SourceBesideDbt:
    @pytest.fixture(scope="class")
    def snapshots(self):
        return {"snapshot.sql": without_database(configured.snapshot_actual_sql)}


class TestSnapshotColumnNames(_SourceBesideDbt, BaseSnapshotColumnNames):
    pass


class TestSnapshotColumnNamesFromDbtProject(
    _SourceBesideDbt, BaseSnapshotColumnNamesFromDbtProject
):
    pass


class TestSnapshotInvalidColumnNames(_SourceBesideDbt, BaseSnapshotInvalidColumnNames):
    pass


class TestSnapshotDbtValidToCurrent(_SourceBesideDbt, BaseSnapshotDbtValidToCurrent):
    pass


class TestSnapshotMultiUniqueKey(BaseSnapshotMultiUniqueKey):
    @pytest.fixture(scope="class")
    def models(self):
        return {
            "seed.sql": without_database(configured.model_seed_sql),
            "snapshots.yml": configured.snapshots_multi_key_yml,
            "ref_snapshot.sql": configured.ref_snapshot_sql,
        }


class _NewRecord:
    @pytest.fixture(scope="class")
    def snapshots(self):
        return {"snapshot.sql": without_database(new_record._snapshot_actual_sql)}


class TestSnapshotNewRecordTimestamp(_NewRecord, BaseSnapshotNewRecordTimestampMode):
    pass


class TestSnapshotNewRecordCheck(_NewRecord, BaseSnapshotNewRecordCheckMode):
    pass


class TestSnapshotNewRecordDbtValidToCurrent(BaseSnapshotNewRecordDbtValidToCurrent):
    @pytest.fixture(scope="class")
    def snapshots(self):
        return {"snapshot.sql": without_database(valid_to_current._snapshot_actual_sql)}


class TestSnapshotEphemeralHardDeletes(BaseSnapshotEphemeralHardDeletes):
    pass


class TestSnapshotNewColumnTimestamp(BaseSnapshotNewColumnTimestampStrategy):
    pass


class TestSnapshotNewColumnSpecificCheckCols(BaseSnapshotNewColumnSpecificCheckCols):
    pass


class TestSnapshotNewColumnWithDeletes(BaseSnapshotNewColumnWithDeletes):
    pass


_HARD_DELETES = """
{{% snapshot {name} %}}
{{{{ config(unique_key='id', strategy='check', check_cols='all', hard_deletes='{name}') }}}}
select * from {{{{ ref('source_rows') }}}}
{{% endsnapshot %}}
"""


class TestHardDeletes:
    """The three answers to a vanished row, each as dbt's documentation has it."""

    @pytest.fixture(scope="class")
    def seeds(self):
        return {"source_rows.csv": "id,name\n1,a\n2,b\n"}

    @pytest.fixture(scope="class")
    def snapshots(self):
        return {
            f"{name}.sql": _HARD_DELETES.format(name=name)
            for name in ("ignore", "invalidate", "new_record")
        }

    @pytest.fixture(scope="class", autouse=True)
    def row_vanishes(self, project):
        run_dbt(["seed"])
        run_dbt(["snapshot"])
        project.run_sql("delete from {schema}.source_rows where id = 1")
        run_dbt(["snapshot"])

    @pytest.mark.parametrize(
        ("snapshot", "columns", "expected"),
        [
            ("ignore", "dbt_valid_to is null", [(True,)]),
            ("invalidate", "dbt_valid_to is null", [(False,)]),
            (
                "new_record",
                "dbt_valid_to is null, dbt_is_deleted",
                [(False, "False"), (True, "True")],
            ),
        ],
    )
    def test_vanished_row(self, project, snapshot, columns, expected):
        rows = project.run_sql(
            f"select {columns} from {{schema}}.{snapshot} where id = 1 order by 1", fetch="all"
        )
        assert [tuple(row) for row in rows] == expected
