"""Which purchases files are landed: one, those of a folder, or a list; all or none."""

import io
from pathlib import Path

import pytest
from deltalake import DeltaTable
from rich.console import Console

from lakehouse.build import land_source
from lakehouse.data.source import find_sources
from lakehouse.errors import SourceFileError
from lakehouse.settings import Settings
from simulator.purchases.generate import HEADER

LINE = "1000001,P1,F,0-17,10,A,2,0,3,,,8370"


def settings(folder: Path, csv: Path | str) -> Settings:
    return Settings(var_dir=folder / "var", root="", csv=csv, _env_file=None)


def names(folder: Path, csv: Path | str) -> list[str]:
    found = find_sources(settings(folder, csv), report=lambda _: None)
    assert {source.data_kind for source in found} == {"real"}
    return [source.path.name for source in found]


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A folder as Spark leaves it, with an odd name."""
    folder = tmp_path / "my parts: 2018"
    folder.mkdir()
    for name in ("part-2.csv", "part-1.csv.gz", "_SUCCESS", ".part-1.csv.crc", "notes.txt"):
        (folder / name).touch()
    return folder


def test_the_files_of_a_folder_are_taken_by_name_and_nothing_else_of_it(tmp_path, parts):
    assert names(tmp_path, parts) == ["part-1.csv.gz", "part-2.csv"]


def test_a_list_is_taken_in_its_order(tmp_path, parts):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).touch()
    assert names(tmp_path, f"{tmp_path}/b.csv:{tmp_path}/a.csv") == ["b.csv", "a.csv"]


def test_a_file_with_a_colon_in_its_name_is_no_list(tmp_path, parts):
    assert names(tmp_path, parts / "part-2.csv") == ["part-2.csv"]


@pytest.mark.parametrize(
    ("csv", "says"),
    [
        ("empty", r"empty: no \.csv and no \.csv\.gz file in this folder"),
        ("nowhere.csv", r"nowhere\.csv: there is no such file"),
    ],
)
def test_a_folder_or_a_list_without_a_file_is_refused_by_name(tmp_path, csv, says):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceFileError, match=says):
        names(tmp_path, tmp_path / csv)
    (tmp_path / "a.csv").touch()
    with pytest.raises(SourceFileError, match=says):
        names(tmp_path, f"{tmp_path}/a.csv:{tmp_path}/{csv}")


def test_of_several_files_all_land_or_none(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    (folder / "1.csv").write_text(f"{HEADER}\n{LINE}\n")
    (folder / "2.csv").write_text(f"{HEADER}\n")
    chosen = settings(tmp_path, folder)
    bronze = chosen.table_path("bronze", "csv_purchases")
    with pytest.raises(SourceFileError, match=r"2\.csv: a header and no records"):
        land_source(chosen, Console(file=io.StringIO()))
    assert not DeltaTable.is_deltatable(bronze)
    (folder / "2.csv").write_text(f"{HEADER}\n{LINE}\n{LINE}\n")
    said = io.StringIO()
    results = land_source(chosen, Console(file=said, width=200))
    assert [result.rows for result in results] == [1, 2]
    assert "Landing: 2 rows of 2.csv landed" in said.getvalue()
    assert DeltaTable(bronze).to_pyarrow_table().num_rows == 3
