"""What is known about dbt's own adapter tests here: which fail and why, which do not apply.

This is the one place for it: a test that fails is expected to, for the reason given and showing the
text given, and a test that begins to pass is an error, so that its entry goes.
"""

from dataclasses import dataclass

from conformance.connection import TARGETS

__all__ = ["CORE", "FAILURES", "NOT_APPLICABLE", "Failure", "known_failure"]


@dataclass(frozen=True)
class Failure:
    """A test that fails for a reason outside this project.

    Attributes:
        reason: what does not work, in a sentence.
        shows: text that the failure has to hold, or several of which it holds one; with another
            text the test fails after all.
        link: the issue upstream; empty where none was found and the reason was reproduced here.
        targets: where it fails.
    """

    reason: str
    shows: str | tuple[str, ...]
    link: str = ""
    targets: tuple[str, ...] = tuple(TARGETS)


# What is part of every run, not only of `make test-conformance`: test classes, or tests of one. Six
# of them failed while this project replaced materializations of dbt.
CORE: frozenset[str] = frozenset(
    {
        "TestSingularTestsEphemeral",
        "TestEphemeral",
        "TestMergeExcludeColumns",
        "TestOnSchemaChangeAppend::test_run_incremental_ignore",
        "TestOnSchemaChangeAppend::test_run_incremental_fail_on_schema_change",
        "TestClonePossible::test_clone_no_state",
        "TestHardDeletes",
    }
)

_NO_SET_NOT_NULL = Failure(
    "Spark refuses `alter column ... set not null`, by which dbt-spark adds `not_null` constraints",
    shows="Cannot change nullable column to non-nullable",
    link="https://github.com/delta-io/delta/issues/831",
)

_ONE_STATEMENT = Failure(
    "Spark runs one statement a call (SPARK-24260), and dbt sends a `sql_header` before another",
    shows="Invalid time zone displacement value",
    link="https://github.com/apache/spark/pull/27567",
)

_NO_COMMENTS_IN_CATALOG = Failure(
    "dbt-spark's catalog holds no comments, though the tables do: `describe` shows them",
    shows="'NoneType' object has no attribute 'startswith'",
    link="https://github.com/dbt-labs/dbt-spark/pull/180",
)

_SUBQUERY = Failure(
    "dbt-spark asks for the columns of a relation as `--empty` writes it: a subquery",
    shows="Syntax error at or near '('",
    link="https://github.com/dbt-labs/dbt-adapters/issues/213",
)
_DELETIONS_WITHOUT_KEY = (
    "the record of a deletion has no value in any column of the source, not even in its key"
)
_DELETIONS_ISSUE = "https://github.com/databricks/dbt-databricks/issues/1176"
_NO_RECORD_OF_DELETION = Failure(
    _DELETIONS_WITHOUT_KEY, shows="AssertionError", link=_DELETIONS_ISSUE
)
_OTHER_CATALOG = Failure(
    "dbt-spark's catalogue counts columns from 0, calls a view's `bigint` a `long`, and knows no "
    "schema of a relation that it asks by `describe`",
    # In a session it depends on what other tests left in the catalogue.
    shows=("Key 'columns' in", "'NoneType' object has no attribute 'lower'"),
)
_NULLS_OF_SEEDS = "in a session dbt-spark loads an empty cell of a seed as the text `None`"
_NULLS_ISSUE = "https://github.com/dbt-labs/dbt-adapters/issues/487"
_ROW_WITH_NULL = Failure(
    _NULLS_OF_SEEDS, shows="Got 2 different rows", link=_NULLS_ISSUE, targets=("session",)
)
_CELLS_OF_SEEDS = Failure(
    "in a session dbt-spark loads empty cells of seeds as the text `None`, numbers as fractions",
    shows=("Got 1 result, configured to fail", "Got 2 results, configured to fail"),
    link=_NULLS_ISSUE,
    targets=("session",),
)
_NO_DELTA_MESSAGE = Failure(
    "PySpark asks Spark's list of errors for the text of one of Delta's, and has none to show",
    shows="Cannot find main error class 'DELTA_MERGE_UNRESOLVED_EXPRESSION'",
    targets=("session",),
)
_NO_SQL_FUNCTIONS = Failure(
    "dbt-spark creates functions in PostgreSQL's SQL, which Spark does not read",
    shows="PARSE_SYNTAX_ERROR",
    link="https://github.com/dbt-labs/dbt-adapters/issues/1294",
)
_NO_EMPTY_SEEDS = "`dbt seed --empty` is of dbt-core 1.12, and the tests are ahead of 1.11"
_EMPTY_SEEDS = "https://github.com/dbt-labs/dbt-core/issues/8981"
_ALL_COLUMNS = "dbt-spark updates all columns of a table, and so misses one that the model lost"
_COLUMNS_ISSUE = "https://github.com/dbt-labs/dbt-spark/pull/980"
_DROPS_NO_COLUMNS = Failure(
    "dbt-spark drops no columns of Delta tables, and says so",
    shows="Compilation Error in model incremental_sync_all_columns",
    link="https://github.com/dbt-labs/dbt-adapters/issues/509",
)

# By module and class, or module, class and test.
FAILURES: dict[str, Failure] = {
    "test_basic::TestIncrementalBadStrategy": Failure(
        "dbt-spark accepts its own incremental strategies only, and says so in its own words",
        shows="Invalid incremental strategy provided: bad_strategy",
        link="https://github.com/dbt-labs/dbt-adapters/issues/833",
    ),
    "test_constraints::TestTableConstraintsColumnsEqual::test__constraints_wrong_column_order": (
        _NO_SET_NOT_NULL
    ),
    "test_constraints::TestIncrementalConstraintsColumnsEqual"
    "::test__constraints_wrong_column_order": _NO_SET_NOT_NULL,
    "test_constraints::TestTableConstraintsDdl": _NO_SET_NOT_NULL,
    "test_constraints::TestIncrementalConstraintsDdl": _NO_SET_NOT_NULL,
    "test_constraints::TestModelConstraintsDdl": _NO_SET_NOT_NULL,
    "test_constraints::TestConstraintQuotedColumn": _NO_SET_NOT_NULL,
    "test_constraints::TestTableConstraintsRollback::test__constraints_enforcement_rollback": (
        _NO_SET_NOT_NULL
    ),
    "test_constraints::TestIncrementalConstraintsRollback"
    "::test__constraints_enforcement_rollback": _NO_SET_NOT_NULL,
    "test_constraints::TestIncrementalForeignKeyConstraint": _NO_SET_NOT_NULL,
    "test_constraints::TestTableContractSqlHeader": _ONE_STATEMENT,
    "test_constraints::TestIncrementalContractSqlHeader": _ONE_STATEMENT,
    "test_data_tests::TestStoreFailuresAsGeneric": Failure(
        _NULLS_OF_SEEDS,
        shows="PASS not_null_chipmunks_shirt",
        link=_NULLS_ISSUE,
        targets=("session",),
    ),
    "test_docs::TestDocsGenerate": _OTHER_CATALOG,
    "test_docs::TestDocsGenReferences": _OTHER_CATALOG,
    "test_docs::TestPersistDocs": _NO_COMMENTS_IN_CATALOG,
    "test_docs::TestPersistDocsColumnMissing::test_missing_column": _NO_COMMENTS_IN_CATALOG,
    "test_docs::TestPersistDocsCommentOnQuotedColumn": _NO_COMMENTS_IN_CATALOG,
    "test_environment::TestCloneSameSourceAndTarget": Failure(
        "dbt-spark's clone does not look whether it clones a table onto itself, as dbt's does",
        shows="dbt exit state did not match expected",
    ),
    "test_environment::TestClonePossible::test_can_clone_true": Failure(
        "Delta replaces no table with rows by a clone, so `dbt clone --full-refresh` fails on one",
        shows="DELTA_UNSUPPORTED_NON_EMPTY_CLONE",
        link="https://github.com/delta-io/delta/issues/4479",
    ),
    "test_incremental::TestOnSchemaChangeAppend::test_run_incremental_append_new_columns": Failure(
        "dbt-spark inserts into all columns of a table, and so misses one that the model lost",
        shows="UNRESOLVED_COLUMN",
        link=_COLUMNS_ISSUE,
    ),
    "test_incremental::TestOnSchemaChangeAppend::test_run_incremental_sync_all_columns": (
        _DROPS_NO_COLUMNS
    ),
    "test_incremental::TestOnSchemaChangeMerge::test_run_incremental_append_new_columns": Failure(
        _ALL_COLUMNS, shows="DELTA_MERGE_UNRESOLVED_EXPRESSION", link=_COLUMNS_ISSUE
    ),
    "test_incremental::TestOnSchemaChangeMerge::test_run_incremental_sync_all_columns": (
        _DROPS_NO_COLUMNS
    ),
    "test_incremental::TestOnSchemaChangeInsertOverwrite"
    "::test_run_incremental_append_new_columns": Failure(
        _ALL_COLUMNS, shows="UNRESOLVED_COLUMN", link=_COLUMNS_ISSUE
    ),
    "test_incremental::TestOnSchemaChangeInsertOverwrite"
    "::test_run_incremental_sync_all_columns": _DROPS_NO_COLUMNS,
    "test_incremental::TestUniqueKey::test__one_unique_key": _ROW_WITH_NULL,
    "test_incremental::TestUniqueKey::test__unary_unique_key_list": _ROW_WITH_NULL,
    "test_incremental::TestUniqueKey::test__duplicated_unary_unique_key_list": _ROW_WITH_NULL,
    "test_incremental::TestUniqueKey::test__trinary_unique_key_list": _ROW_WITH_NULL,
    "test_incremental::TestUniqueKey::test__bad_unique_key": _NO_DELTA_MESSAGE,
    "test_incremental::TestUniqueKey::test__bad_unique_key_list": _NO_DELTA_MESSAGE,
    "test_functions::TestSqlUDF": _NO_SQL_FUNCTIONS,
    "test_functions::TestDeterministicUDF": _NO_SQL_FUNCTIONS,
    "test_functions::TestStableUDF": _NO_SQL_FUNCTIONS,
    "test_functions::TestNonDeterministicUDF": _NO_SQL_FUNCTIONS,
    "test_functions::TestSqlUDFDefaultArg": _NO_SQL_FUNCTIONS,
    "test_functions::TestCanFindScalarFunctionRelation": _NO_SQL_FUNCTIONS,
    "test_models::TestSimpleCopy::test_simple_copy_with_materialized_views": Failure(
        "the test makes a materialized view by hand, which Spark does in a pipeline only",
        shows="CREATE_PIPELINE_DATASET_QUERY_EXECUTION",
    ),
    "test_models::TestEmptySeedFlag::test_seed_empty_creates_table_with_zero_rows": Failure(
        _NO_EMPTY_SEEDS, shows="No such option '--empty'", link=_EMPTY_SEEDS
    ),
    "test_models::TestEmptySeedFlag::test_seed_empty_preserves_column_types": Failure(
        _NO_EMPTY_SEEDS, shows="No such option '--empty'", link=_EMPTY_SEEDS
    ),
    "test_models::TestEmptySeedFlag::test_build_empty_with_seed": Failure(
        _NO_EMPTY_SEEDS, shows="assert 2 == 0", link=_EMPTY_SEEDS
    ),
    "test_models::TestMetadataWithEmptyFlag::test_run[get_columns_in_relation]": _SUBQUERY,
    "test_models::TestMetadataWithEmptyFlag::test_run[alter_column_type]": _SUBQUERY,
    "test_models::TestColumnTypes": Failure(
        "dbt-spark's columns know PostgreSQL's names of types: an `int` is no integer to them",
        shows="Syntax error at or near 'select'",
    ),
    "test_snapshots::TestHardDeletes::test_vanished_row[new_record]": Failure(
        _DELETIONS_WITHOUT_KEY,
        shows="Right contains one more item: (True, 'True')",
        link=_DELETIONS_ISSUE,
    ),
    "test_snapshots::TestSnapshotNewRecordTimestamp": _NO_RECORD_OF_DELETION,
    "test_snapshots::TestSnapshotNewRecordCheck": _NO_RECORD_OF_DELETION,
    "test_snapshots::TestSnapshotNewRecordDbtValidToCurrent": _NO_RECORD_OF_DELETION,
    "test_snapshots::TestSnapshotDbtValidToCurrent": Failure(
        "the test counts rows in the order of their insertion, which no Spark table keeps",
        shows="datetime.datetime(2099, 12, 31, 0, 0) == datetime.datetime(2016, 8, 20, 16, 44, 49)",
    ),
    "test_snapshots::TestSnapshotMultiUniqueKey": Failure(
        "dbt-spark leaves the parts of a key in the snapshot, and names them again in the next run",
        shows="AMBIGUOUS_REFERENCE",
        link="https://github.com/dbt-labs/dbt-adapters/issues/2101",
    ),
    "test_snapshots::TestSnapshotInvalidColumnNames": Failure(
        "dbt-spark refuses the snapshot with the adapter's older message",
        shows="Snapshot target is missing configured columns",
    ),
    "test_seeds::TestSeedSpecificFormats": Failure(
        "dbt-spark writes a seed's name without quotes, and dots in it divide it",
        shows="REQUIRES_SINGLE_PART_NAMESPACE",
    ),
    "test_utils::TestDateDiff": Failure(
        "the local metastore, Derby, holds 32,700 characters of a view, and the test has more",
        shows="A truncation error was encountered",
    ),
    "test_utils::TestGetIntervalsBetween": Failure(
        "the test writes dates as 09/12/2023, which is no date to Spark's ANSI rules",
        shows="CAST_INVALID_INPUT",
        targets=("thrift",),
    ),
    "test_utils::TestGetIntervalsBetween::test_build_assert_equal": Failure(
        "in a session dbt's macro has no answer while dbt compiles",
        shows="UNRESOLVED_COLUMN",
        targets=("session",),
    ),
    "test_utils::TestReplace": _CELLS_OF_SEEDS,
    "test_utils::TestRight": _CELLS_OF_SEEDS,
    "test_utils::TestSplitPart::test_build_assert_equal": _CELLS_OF_SEEDS,
    "test_utils::TestSplitPart": Failure(
        "dbt-spark reads an array past its end, which is an error to Spark's ANSI rules",
        shows="INVALID_ARRAY_INDEX",
        link="https://github.com/dbt-labs/dbt-adapters/issues/469",
        targets=("thrift",),
    ),
    "test_seeds::TestBasicSeed": _ROW_WITH_NULL,
    "test_seeds::TestSeedFullRefreshOn": _ROW_WITH_NULL,
    "test_seeds::TestSeedFullRefreshOff": _ROW_WITH_NULL,
    "test_seeds::TestSeedCustomSchema": _ROW_WITH_NULL,
    "test_seeds::TestSeedWithUniqueDelimiter": _ROW_WITH_NULL,
    "test_seeds::TestSimpleSeedWithBOM": _ROW_WITH_NULL,
    "test_hooks::TestAfterRunHooks": Failure(
        "dbt-spark raises dbt's runtime error where upstream expects its database error",
        shows="DbtRuntimeError",
        link="https://github.com/dbt-labs/dbt-spark/issues/781",
    ),
}

_NO_GRANTS = "Spark SQL has no users: its grammar refuses `grant`, `revoke` and `show grant`"
_NO_JAVASCRIPT = "Spark SQL has no functions in JavaScript"
_NO_AGGREGATE = "Spark SQL creates no aggregate functions"
_NO_MATERIALIZED_VIEWS = "neither Spark SQL without a pipeline nor dbt-spark has materialized views"
_PYTHON_BY_DATABRICKS = "dbt-spark sends Python models to Databricks only"
_PYTHON_FUNCTIONS = "dbt-spark has no functions in Python, which TestPythonUDFNotSupported checks"

# Upstream classes that no test here is made of, with the reason.
NOT_APPLICABLE: dict[str, str] = {
    "basic.test_get_catalog_for_single_relation.BaseGetCatalogForSingleRelation": (
        "dbt-spark does not implement this optional method, and nothing in dbt-core calls it"
    ),
    "functions.test_js_udfs.BasicJSAggregateUDF": _NO_JAVASCRIPT,
    "functions.test_js_udfs.BasicJSUDF": _NO_JAVASCRIPT,
    "functions.test_js_udfs.JSAggregateUDFVolatilityIgnored": _NO_JAVASCRIPT,
    "functions.test_js_udfs.JSUDFDefaultArgSupport": _NO_JAVASCRIPT,
    "functions.test_js_udfs.JSUDFDeterministicVolatility": _NO_JAVASCRIPT,
    "functions.test_js_udfs.JSUDFMultiLineBody": _NO_JAVASCRIPT,
    "functions.test_js_udfs.JSUDFNonDeterministicVolatility": _NO_JAVASCRIPT,
    "functions.test_js_udfs.JSUDFStableVolatilityWarns": _NO_JAVASCRIPT,
    "functions.test_udafs.BasicPythonUDAF": _NO_AGGREGATE,
    "functions.test_udafs.BasicSQLUDAF": _NO_AGGREGATE,
    "functions.test_udafs.PythonUDAFDefaultArgSupport": _NO_AGGREGATE,
    "functions.test_udafs.UDAFBase": _NO_AGGREGATE,
    "functions.test_udfs.PythonUDFDefaultArgSupport": _PYTHON_FUNCTIONS,
    "functions.test_udfs.PythonUDFSupported": _PYTHON_FUNCTIONS,
    "functions.test_udfs.PythonUDFVolatilitySupport": _PYTHON_FUNCTIONS,
    "functions.test_udfs.PythonUDFWithPackagesSupported": _PYTHON_FUNCTIONS,
    "grants.test_incremental_grants.BaseIncrementalGrants": _NO_GRANTS,
    "grants.test_invalid_grants.BaseInvalidGrants": _NO_GRANTS,
    "grants.test_model_grants.BaseModelGrants": _NO_GRANTS,
    "grants.test_seed_grants.BaseSeedGrants": _NO_GRANTS,
    "grants.test_snapshot_grants.BaseSnapshotGrants": _NO_GRANTS,
    "materialized_view.basic.MaterializedViewBasic": _NO_MATERIALIZED_VIEWS,
    "materialized_view.changes.MaterializedViewChanges": _NO_MATERIALIZED_VIEWS,
    "materialized_view.changes.MaterializedViewChangesApplyMixin": _NO_MATERIALIZED_VIEWS,
    "materialized_view.changes.MaterializedViewChangesContinueMixin": _NO_MATERIALIZED_VIEWS,
    "materialized_view.changes.MaterializedViewChangesFailMixin": _NO_MATERIALIZED_VIEWS,
    "persist_docs.test_persist_docs.BasePersistDocsQuotedDescriptionNotAppliedOnMismatch": (
        "names of columns differ in more than case in Spark, so no other column is meant"
    ),
    "python_model.test_python_model.BasePythonEmptyTests": _PYTHON_BY_DATABRICKS,
    "python_model.test_python_model.BasePythonIncrementalTests": _PYTHON_BY_DATABRICKS,
    "python_model.test_python_model.BasePythonMetaGetTests": _PYTHON_BY_DATABRICKS,
    "python_model.test_python_model.BasePythonModelTests": _PYTHON_BY_DATABRICKS,
    "python_model.test_python_model.BasePythonSampleTests": _PYTHON_BY_DATABRICKS,
    "python_model.test_spark.BasePySparkTests": _PYTHON_BY_DATABRICKS,
    "utils.test_current_timestamp.BaseCurrentTimestampAware": (
        "an engine is to pass this or BaseCurrentTimestampNaive, which runs"
    ),
    "utils.test_escape_single_quotes.BaseEscapeSingleQuotesQuote": (
        "an engine is to pass this or BaseEscapeSingleQuotesBackslash, which runs"
    ),
}


def known_failure(test_id: str, target: str) -> Failure | None:
    """The entry that holds for one test on one target.

    Args:
        test_id: ``module::class::test``, with its parameters in brackets.
        target: name of the profile's output.
    """
    without_parameters = test_id.partition("[")[0]
    class_id = "::".join(test_id.split("::")[:2])
    for key in (test_id, without_parameters, class_id):
        failure = FAILURES.get(key)
        if failure and target in failure.targets:
            return failure
    return None
