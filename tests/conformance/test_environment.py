"""Names, caches, connections and what surrounds a run: aliases, comments, clone, show, retry."""

import re

import pytest
from dbt.tests.adapter.aliases import fixtures as aliases
from dbt.tests.adapter.aliases.test_aliases import (
    BaseAliasErrors,
    BaseAliases,
    BaseSameAliasDifferentDatabases,
    BaseSameAliasDifferentSchemas,
)
from dbt.tests.adapter.caching.test_caching import (
    BaseCachingLowercaseModel,
    BaseCachingSelectedSchemaOnly,
    BaseCachingUppercaseModel,
    BaseNoPopulateCache,
)
from dbt.tests.adapter.dbt_clone.test_dbt_clone import (
    BaseCloneNotPossible,
    BaseClonePossible,
    BaseCloneSameSourceAndTarget,
    BaseCloneSameTargetAndState,
)
from dbt.tests.adapter.dbt_debug.test_dbt_debug import (
    BaseDebugInvalidProjectPostgres,
    BaseDebugPostgres,
    BaseDebugProfileVariable,
)
from dbt.tests.adapter.dbt_show.test_dbt_show import (
    BaseShowDoesNotHandleDoubleLimit,
    BaseShowLimit,
    BaseShowSqlHeader,
)
from dbt.tests.adapter.query_comment.test_query_comment import (
    BaseEmptyQueryComments,
    BaseMacroArgsQueryComments,
    BaseMacroInvalidQueryComments,
    BaseMacroQueryComments,
    BaseNullQueryComments,
    BaseQueryComments,
)
from dbt.tests.adapter.relations.test_changing_relation_type import (
    BaseChangeRelationTypeValidator,
)
from dbt.tests.adapter.relations.test_dropping_schema_named import BaseDropSchemaNamed
from dbt.tests.util import run_dbt, write_file
from dbt_common.exceptions import DbtRuntimeError


class _Aliases:
    @pytest.fixture(scope="class")
    def macros(self):
        return {
            "cast.sql": aliases.MACROS__CAST_SQL.replace("::text", "::string"),
            "expect_value.sql": aliases.MACROS__EXPECT_VALUE_SQL,
        }


class TestAliases(_Aliases, BaseAliases):
    pass


class TestAliasErrors(_Aliases, BaseAliasErrors):
    pass


class TestSameAliasDifferentSchemas(_Aliases, BaseSameAliasDifferentSchemas):
    pass


class TestSameAliasDifferentDatabases(_Aliases, BaseSameAliasDifferentDatabases):
    pass


class _WithoutDatabase:
    """Upstream compares the names of databases, too, and a relation of Spark has none."""

    def run_and_inspect_cache(self, project, run_args=None):
        for _ in range(2):
            run_dbt(run_args)
            (relation,) = project.adapter.cache.relations
            assert relation.database is None
            assert relation.schema == project.test_schema == project.test_schema.lower()
            assert relation.identifier.lower() == "model"


class TestCachingLowercaseModel(_WithoutDatabase, BaseCachingLowercaseModel):
    pass


class TestCachingUppercaseModel(_WithoutDatabase, BaseCachingUppercaseModel):
    pass


class TestCachingSelectedSchemaOnly(_WithoutDatabase, BaseCachingSelectedSchemaOnly):
    pass


class TestNoPopulateCache(_WithoutDatabase, BaseNoPopulateCache):
    pass


class _Clone:
    @pytest.fixture(autouse=True)
    def clean_up(self, project):
        yield
        with project.adapter.connection_named("__test"):
            for schema in (f"{project.test_schema}_seeds", project.test_schema):
                project.adapter.drop_schema(
                    project.adapter.Relation.create(database=project.database, schema=schema)
                )


class TestClonePossible(_Clone, BaseClonePossible):
    pass


class TestCloneNotPossible(_Clone, BaseCloneNotPossible):
    pass


class TestCloneSameTargetAndState(_Clone, BaseCloneSameTargetAndState):
    pass


class TestCloneSameSourceAndTarget(BaseCloneSameSourceAndTarget):
    pass


class TestDebug(BaseDebugPostgres):
    @pytest.fixture(scope="class")
    def profiles_config_update(self, dbt_profile_target, unique_schema):
        good = dbt_profile_target | {"schema": unique_schema}
        return {
            "test": {
                "outputs": {
                    "default": good,
                    "nopass": {key: value for key, value in good.items() if key != "method"},
                    "wronguser": good | {"method": "thrift", "port": 1, "connect_retries": 0},
                    "none_target": None,
                },
                "target": "default",
            }
        }


class TestDebugProfileVariable(BaseDebugProfileVariable):
    def test_profile_by_expression(self, project):
        run_dbt(["debug"])
        assert re.search(r"Connection test.*OK", self.capsys.readouterr().out)


class TestDebugInvalidProject(BaseDebugInvalidProjectPostgres):
    pass


class TestShowLimit(BaseShowLimit):
    pass


class TestShowSqlHeader(BaseShowSqlHeader):
    pass


class TestShowDoesNotHandleDoubleLimit(BaseShowDoesNotHandleDoubleLimit):
    def test_double_limit_throws_syntax_error(self, project):
        # Upstream looks at what pytest shows of the error, which ends before the server's words.
        with pytest.raises(DbtRuntimeError) as error:
            run_dbt(["show", "--limit", "1", "--inline", "select 1 limit 1"])
        assert "Syntax error at or near 'limit'" in str(error.value)


class TestQueryComments(BaseQueryComments):
    pass


class TestMacroQueryComments(BaseMacroQueryComments):
    pass


class TestMacroArgsQueryComments(BaseMacroArgsQueryComments):
    pass


class TestMacroInvalidQueryComments(BaseMacroInvalidQueryComments):
    pass


class TestNullQueryComments(BaseNullQueryComments):
    pass


class TestEmptyQueryComments(BaseEmptyQueryComments):
    pass


class TestChangeRelationTypes(BaseChangeRelationTypeValidator):
    pass


class TestDropSchemaNamed(BaseDropSchemaNamed):
    pass


class TestRetry:
    """`dbt retry` takes up what failed and what was skipped; upstream has no base class for it."""

    @pytest.fixture(scope="class")
    def models(self):
        return {
            "fine.sql": "select 1 as id",
            "broken.sql": "select no_such_column from {{ ref('fine') }}",
            "after.sql": "select * from {{ ref('broken') }}",
        }

    def test_retry_runs_what_failed_and_what_was_skipped(self, project):
        run_dbt(["run"], expect_pass=False)
        write_file("select id from {{ ref('fine') }}", "models", "broken.sql")
        results = run_dbt(["retry"])
        assert {result.node.name for result in results} == {"broken", "after"}
