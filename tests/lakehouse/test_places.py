"""A lakehouse knows which root it is about, and where it cannot work it says so at once."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.errors import SettingsError, TableError
from lakehouse.places import check_root, is_elsewhere, root_note
from lakehouse.settings import Settings


def lakehouse(var_dir: Path, root: str = "") -> Settings:
    return Settings(var_dir=var_dir, root=root, _env_file=None)


@pytest.fixture
def built(tmp_path: Path) -> Settings:
    """A lakehouse with a table and a metastore."""
    settings = lakehouse(tmp_path / "project" / "var")
    check_root(settings)
    write_deltalake(settings.table_path("bronze", "csv_purchases"), pa.table({"x": [1]}))
    (settings.var_dir / "metastore").mkdir()
    return settings


def test_a_lakehouse_goes_on_where_it_began(built, tmp_path):
    check_root(built)
    (tmp_path / "link").symlink_to(built.var_dir.parent)
    check_root(lakehouse(tmp_path / "link" / "var"))


def test_another_root_is_refused_before_anything_is_written_there(built, tmp_path):
    other = lakehouse(built.var_dir, str(tmp_path / "other"))
    with pytest.raises(TableError, match=r"describes the tables of .*LAKEHOUSE_VAR_DIR") as raised:
        check_root(other)
    assert "\n" not in str(raised.value)
    check_root(built)


@pytest.mark.parametrize("is_copy", [True, False])
def test_a_moved_or_copied_lakehouse_says_what_to_run(built, tmp_path, is_copy):
    place = tmp_path / "elsewhere"
    old = built.var_dir.parent
    shutil.copytree(old, place) if is_copy else shutil.move(old, place)
    moved = lakehouse(place / "var")
    with pytest.raises(TableError, match="python -m lakehouse migrate"):
        check_root(moved)
    assert is_elsewhere(moved)


def test_a_metastore_older_than_the_note_is_known_by_the_last_build(built, tmp_path):
    root_note(built).unlink()
    conditions = built.var_dir / "dbt" / "prod" / "conditions.json"
    conditions.parent.mkdir(parents=True)
    conditions.write_text(json.dumps({"root": built.lakehouse_root}))
    check_root(built)
    root_note(built).unlink()
    with pytest.raises(TableError, match="describes the tables of"):
        check_root(lakehouse(built.var_dir, str(tmp_path / "other")))


def test_deleted_tables_are_told_with_the_way_back(built):
    shutil.rmtree(built.lakehouse_root)
    for _ in range(2):
        with pytest.raises(TableError, match=r"holds no tables.*run `make reset`"):
            check_root(built)


def test_without_a_metastore_any_root_will_do(built, tmp_path):
    (built.var_dir / "metastore").rmdir()
    check_root(lakehouse(built.var_dir, str(tmp_path / "other")))


@pytest.mark.parametrize("setting", ["LAKEHOUSE_VAR_DIR", "LAKEHOUSE_ROOT"])
def test_a_folder_that_nobody_can_write_to_is_named_with_its_setting(tmp_path, setting):
    (tmp_path / "file").touch()
    places = {"LAKEHOUSE_VAR_DIR": tmp_path / "var", "LAKEHOUSE_ROOT": tmp_path / "root"}
    places[setting] = tmp_path / "file" / "below"
    settings = lakehouse(places["LAKEHOUSE_VAR_DIR"], str(places["LAKEHOUSE_ROOT"]))
    with pytest.raises(SettingsError, match=f"{setting}=.*cannot be written to"):
        check_root(settings)
