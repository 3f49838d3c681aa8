"""The simulator as others start it: as a program."""

import pytest
from typer.testing import CliRunner

from lakehouse.data.source import find_source
from lakehouse.errors import SourceFileError
from lakehouse.settings import Settings
from simulator.cli import app
from simulator.purchases.generate import generate


def test_the_command_writes_what_the_generator_does(tmp_path):
    made, asked = tmp_path / "made.csv", tmp_path / "asked.csv"
    generate(made, rows=50, seed=3)
    done = CliRunner().invoke(app, ["purchases", str(asked), "--rows", "50", "--seed", "3"])
    assert done.exit_code == 0, done.output
    assert asked.read_bytes() == made.read_bytes()


def test_a_build_without_a_file_has_the_simulator_make_one_once(tmp_path):
    settings = Settings(var_dir=tmp_path, csv=None, synthetic_rows=50, seed=3, _env_file=None)
    said = []
    first = find_source(settings, raw_dir=tmp_path / "none", report=said.append)
    written_at = first.path.stat().st_mtime_ns
    again = find_source(settings, raw_dir=tmp_path / "none", report=said.append)
    assert (first.data_kind, again) == ("synthetic", first)
    assert again.path.stat().st_mtime_ns == written_at
    assert len(said) == 2 and said[0].startswith("Data: SYNTHETIC")


def test_a_file_that_cannot_be_made_is_told_with_the_reason(tmp_path):
    (tmp_path / "data").write_text("no folder")
    settings = Settings(var_dir=tmp_path, csv=None, synthetic_rows=50, seed=3, _env_file=None)
    with pytest.raises(SourceFileError, match=r"was not made \(.*cannot be written.*LAKEHOUSE_CSV"):
        find_source(settings, raw_dir=tmp_path / "none", report=print)
