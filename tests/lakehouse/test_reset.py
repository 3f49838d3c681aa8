"""Starting over: all that is known of the tables goes, the rest stays, and a failure is told."""

from pathlib import Path

import pytest

from lakehouse.errors import TableError
from lakehouse.reset import reset
from lakehouse.settings import Settings

GOES = (
    *("lakehouse/marts.db", "metastore", "session/metastore", "dbt/prod"),
    *("stream/checkpoints", "environments"),
)
STAYS = ("jars", "raw", "mlflow")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var_dir=tmp_path / "var", root="", _env_file=None)


def test_tables_metastores_and_checkpoints_go_and_the_rest_stays(settings):
    for folder in (*GOES, *STAYS):
        (settings.var_dir / folder).mkdir(parents=True)
        (settings.var_dir / folder / "file").touch()
    reset(settings)
    assert {path.name for path in settings.var_dir.iterdir()} >= set(STAYS)
    left = [name for name in GOES if (settings.var_dir / name.split("/")[0]).exists()]
    assert left == []
    assert all((settings.var_dir / name / "file").exists() for name in STAYS)
    # Nothing is left to delete, which is no failure.
    reset(settings)


def test_a_folder_that_cannot_be_deleted_is_named(settings, tmp_path):
    (tmp_path / "disk").mkdir()
    settings.var_dir.mkdir()
    root = Path(settings.lakehouse_root)
    root.symlink_to(tmp_path / "disk")
    with pytest.raises(TableError, match=f"{root} cannot be deleted .*symbolic link"):
        reset(settings)


def test_tables_elsewhere_are_not_deleted(settings):
    elsewhere = settings.model_copy(update={"root": "s3://bucket/lakehouse"})
    (settings.var_dir / "dbt").mkdir(parents=True)
    with pytest.raises(TableError, match="s3://bucket/lakehouse is not on this machine"):
        reset(elsewhere)
    assert (settings.var_dir / "dbt").exists()
