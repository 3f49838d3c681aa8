"""A build whose tables stand in a storage that is not a folder of this machine."""

import io
from subprocess import CompletedProcess

from rich.console import Console

from lakehouse import build
from lakehouse.settings import Settings


def test_a_build_elsewhere_ends_well_without_counting_tables(monkeypatch, tmp_path):
    elsewhere = Settings(var_dir=tmp_path, root="s3a://bucket/lakehouse")
    monkeypatch.setattr(build, "ensure_registered_tables", lambda _: None)
    monkeypatch.setattr(build.supervisor, "up", lambda *_: None)
    monkeypatch.setattr(build, "land_source", lambda *_: None)
    monkeypatch.setattr(build, "run_dbt", lambda *_: CompletedProcess([], 0))
    said = io.StringIO()
    build.build(elsewhere, Console(file=said, width=120))
    assert "marts.load_audit accounts for every row" in said.getvalue()
