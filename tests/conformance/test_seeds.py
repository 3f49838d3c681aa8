"""Seeds: types, delimiters, schemas, formats, full refreshes."""

from pathlib import Path

import pytest
from dbt.tests.adapter.simple_seed import fixtures, seeds
from dbt.tests.adapter.simple_seed.test_seed import (
    BaseBasicSeedTests,
    BaseSeedConfigFullRefreshOff,
    BaseSeedConfigFullRefreshOn,
    BaseSeedCustomSchema,
    BaseSeedParsing,
    BaseSeedSpecificFormats,
    BaseSeedWithEmptyDelimiter,
    BaseSeedWithUniqueDelimiter,
    BaseSeedWithWrongDelimiter,
    BaseSimpleSeedEnabledViaConfig,
    BaseSimpleSeedWithBOM,
    BaseTestEmptySeed,
)
from dbt.tests.adapter.simple_seed.test_seed_type_override import BaseSimpleSeedColumnOverride
from dbt.tests.util import check_relations_equal, check_table_does_exist


class _NothingCascades:
    """A seed that is made anew leaves the models on it: Spark's `drop table` does not cascade."""

    def _check_relation_end_state(self, run_result, project, exists):
        assert len(run_result) == 1
        check_relations_equal(project.adapter, ["seed_actual", "seed_expected"])
        check_table_does_exist(project.adapter, "models__downstream_from_seed_actual")


class TestBasicSeed(_NothingCascades, BaseBasicSeedTests):
    pass


class TestSeedFullRefreshOn(_NothingCascades, BaseSeedConfigFullRefreshOn):
    pass


class TestSeedFullRefreshOff(_NothingCascades, BaseSeedConfigFullRefreshOff):
    pass


class TestSeedCustomSchema(BaseSeedCustomSchema):
    pass


class TestSeedWithUniqueDelimiter(BaseSeedWithUniqueDelimiter):
    pass


class TestSeedWithWrongDelimiter(BaseSeedWithWrongDelimiter):
    pass


class TestSeedWithEmptyDelimiter(BaseSeedWithEmptyDelimiter):
    pass


class TestSimpleSeedEnabledViaConfig(BaseSimpleSeedEnabledViaConfig):
    @pytest.fixture(scope="class")
    def seeds(self):
        # Upstream gives this fixture to the whole run, ours to the class.
        return {
            "seed_enabled.csv": seeds.seeds__enabled_in_config_csv,
            "seed_disabled.csv": seeds.seeds__disabled_in_config_csv,
            "seed_tricky.csv": seeds.seeds__tricky_csv,
        }


class TestSeedParsing(BaseSeedParsing):
    pass


class TestSimpleSeedWithBOM(BaseSimpleSeedWithBOM):
    @pytest.fixture(scope="class", autouse=True)
    def setUp(self, project):
        project.run_sql(seeds.seeds__expected_sql)
        path = Path(project.project_root) / "seeds" / "seed_bom.csv"
        path.write_text(seeds.seed__actual_csv, encoding="utf-8-sig")


class TestSeedSpecificFormats(BaseSeedSpecificFormats):
    """A tenth of upstream's rows: for each of them dbt-spark reads the whole column once."""

    @staticmethod
    def _make_big_seed(test_data_dir):
        path = Path(test_data_dir) / "tmp.csv"
        path.parent.mkdir()
        path.write_text("\n".join(["seed_id", *map(str, range(2_000))]) + "\n")
        return path

    @pytest.fixture(scope="class")
    def test_data_dir(self, tmp_path_factory):
        # Upstream makes this folder and deletes it.
        return str(tmp_path_factory.mktemp("data") / "big_seed")


class TestEmptySeed(BaseTestEmptySeed):
    pass


class TestSimpleSeedColumnOverride(BaseSimpleSeedColumnOverride):
    @pytest.fixture(scope="class")
    def models(self):
        types = {"type: text": "type: string", "timestamp without time zone": "timestamp"}
        text = fixtures.properties__schema_yml
        for postgres, spark in types.items():
            text = text.replace(postgres, spark)
        return {"schema.yml": text.replace("type: integer", "type: bigint")}

    @staticmethod
    def seed_enabled_types():
        return {"seed_id": "string", "birthday": "date"}

    @staticmethod
    def seed_tricky_types():
        return {
            "seed_id_str": "string",
            "looks_like_a_bool": "string",
            "looks_like_a_date": "string",
        }
