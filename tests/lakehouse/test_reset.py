"""Starting over: all that is known of the tables goes, the rest stays, and a failure is told."""

from pathlib import Path

import pytest

from lakehouse.errors import LakehouseError, TableError
from lakehouse.locks import only_one
from lakehouse.reset import reset
from lakehouse.settings import Settings

GOES = (
    "lakehouse/marts.db",
    "lakehouse/dev_ann_lee_marts.db",
    "lakehouse/ci_7_cleansed.db",
    "lakehouse/env_prices_features.db",
    "lakehouse/audit.db",
    "lakehouse/bronze/of_an_earlier_version/_delta_log",
    "metastore",
    "session/metastore",
    "dbt/prod",
    "stream/checkpoints",
    "environments",
)
STAYS = (
    "jars",
    "raw",
    "mlflow",
    "lakehouse/sales.db",
    "lakehouse/other_marts.db",
    "lakehouse/marts_of_others",
    "lakehouse/live",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path / "var", root="", _env_file=None)


def test_tables_metastores_and_checkpoints_go_and_the_rest_stays(settings):
    for folder in (*GOES, *STAYS):
        (settings.var_dir / folder).mkdir(parents=True)
        (settings.var_dir / folder / "file").touch()
    reset(settings)
    left = [name for name in GOES if (settings.var_dir / name).exists()]
    assert left == []
    assert all((settings.var_dir / name / "file").exists() for name in STAYS)
    # Nothing is left to delete, which is no failure.
    reset(settings)


def test_schemas_with_a_prefix_of_ones_own_go_as_well(settings):
    ours = settings.model_copy(update={"dbt_schema": "a.c"})
    for name in ("a.c_marts.db", "abc_marts.db"):
        Path(settings.lakehouse_root, name).mkdir(parents=True)
    reset(ours)
    assert [path.name for path in Path(settings.lakehouse_root).iterdir()] == ["abc_marts.db"]


def test_a_folder_that_cannot_be_deleted_is_named(settings, tmp_path):
    (tmp_path / "disk").mkdir()
    schema = Path(settings.lakehouse_root, "marts.db")
    schema.parent.mkdir(parents=True)
    schema.symlink_to(tmp_path / "disk")
    with pytest.raises(TableError, match=f"{schema} cannot be deleted .*symbolic link"):
        reset(settings)


@pytest.mark.parametrize(
    ("lock", "message"), [("build", "Another build"), ("stream", "Another streaming job")]
)
def test_nothing_is_deleted_under_a_build_or_a_job(settings, lock, message):
    Path(settings.lakehouse_root, "marts.db").mkdir(parents=True)
    with (
        only_one(settings.var_dir / "run" / f"{lock}.lock", TableError, "{path}"),
        pytest.raises(LakehouseError, match=message),
    ):
        reset(settings)
    assert Path(settings.lakehouse_root, "marts.db").exists()


def test_tables_elsewhere_are_not_deleted(settings):
    elsewhere = settings.model_copy(update={"root": "s3://bucket/lakehouse"})
    (settings.var_dir / "dbt").mkdir(parents=True)
    with pytest.raises(TableError, match="s3://bucket/lakehouse is not on this machine"):
        reset(elsewhere)
    assert (settings.var_dir / "dbt").exists()
