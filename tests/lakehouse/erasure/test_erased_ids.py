"""Nothing lands of a customer who was erased, and the list does not say who that is."""

import json
import stat

import pytest

from lakehouse.data.bronze import PUBLISHED_COLUMNS
from lakehouse.data.csv_records import inspect, read_batches
from lakehouse.erasure.erased_ids import ErasedIds, erased_ids_path, without_erased
from lakehouse.errors import TableError
from lakehouse.reset import folders_of_lakehouse
from lakehouse.settings import Settings

HEADER = ",".join(PUBLISHED_COLUMNS)
REST = "F,0-17,10,A,2,0,3,,,8370"


@pytest.fixture
def erased(tmp_path) -> ErasedIds:
    listed = ErasedIds(tmp_path / "erased" / "ids.json")
    listed.add(1000017)
    return ErasedIds(tmp_path / "erased" / "ids.json")


def test_the_list_knows_its_customers_and_only_its_owner_can_read_it(tmp_path, erased):
    assert 1000017 in erased
    assert 1000018 not in erased
    path = tmp_path / "erased" / "ids.json"
    assert "1000017" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_lakehouses_keep_the_same_number_as_different_hashes(tmp_path):
    kept = []
    for name in ("a", "b"):
        ErasedIds(tmp_path / name / "ids.json").add(5)
        kept.append(json.loads((tmp_path / name / "ids.json").read_text())["hashes"])
    assert kept[0] != kept[1]


def test_a_list_that_cannot_be_read_stops_a_landing(tmp_path):
    path = tmp_path / "ids.json"
    path.write_text("{")
    with pytest.raises(TableError, match=r"ids\.json: the list .* backup"):
        ErasedIds(path)


def test_a_reset_leaves_the_list_as_it_leaves_the_source_files(tmp_path):
    settings = Settings(var_dir=tmp_path / "var", root="", _env_file=None)
    path = erased_ids_path(settings)
    assert not any(path.is_relative_to(folder) for folder in folders_of_lakehouse(settings))


def test_records_of_an_erased_customer_land_as_places_and_the_others_untouched(tmp_path, erased):
    lines = [
        HEADER,
        f"1000017,P1,{REST}",
        f"1000018,P1,{REST}",
        f" 1000017.0,P2,{REST}",
        "1000017,P3,F",
        "1000018,P3,F",
    ]
    path = tmp_path / "purchases.csv"
    path.write_text("\n".join(lines) + "\n")
    [batch] = read_batches(path, inspect(path))
    landed = without_erased(batch, erased).to_pylist()
    assert [row["landing_defect"] for row in landed] == [
        "erased", None, "erased", "erased", "wrong_field_count",
    ]  # fmt: skip
    for row, line in zip(landed, batch.to_pylist(), strict=True):
        if row["landing_defect"] == "erased":
            kept = {name for name, value in row.items() if value is not None}
            assert kept == {"line_number", "landing_defect"}
            assert row["line_number"] == line["line_number"]
        else:
            assert row == line


def test_without_a_list_records_land_as_they_are(tmp_path):
    path = tmp_path / "purchases.csv"
    path.write_text(f"{HEADER}\n1000017,P1,{REST}\n")
    [batch] = read_batches(path, inspect(path))
    assert without_erased(batch, ErasedIds(tmp_path / "none.json")) is batch
