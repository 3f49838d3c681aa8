"""The exploration runs on the synthetic data, and its conclusions are computed."""

import re

import jupytext
import pytest

from lakehouse.errors import TableError
from lakehouse.settings import Settings
from publishing.notebook import EDA_NOTEBOOK, write_notebook

SECTIONS = ("Descriptive statistics", "Missing data", "Distributions", "What goes together")


@pytest.mark.integration
def test_the_notebook_ends_in_a_page_with_pictures_and_conclusions(lakehouse):
    page = write_notebook(lakehouse.settings).read_text()
    assert "SYNTHETIC data; event times are simulated" in page
    written = EDA_NOTEBOOK.read_text().count("\nconclude(")
    assert page.count("<strong>Conclusion.</strong>") == written > 10
    assert page.count("data:image/png;base64") >= 8
    assert not re.search(r"<(script|link)[^>]+(src|href)=\"https?:", page)


def test_nobody_typed_a_figure_into_the_text_of_the_notebook():
    cells = jupytext.read(EDA_NOTEBOOK).cells
    text = [cell.source for cell in cells if cell.cell_type == "markdown"]
    assert all(any(name in cell for cell in text) for name in SECTIONS)
    for cell in text:
        assert not re.search(r"\d", cell), cell
    said = "".join(cell.source for cell in cells if cell.cell_type == "code")
    for quoted in re.findall(r'^ +f?"([^"]*)"', said, re.MULTILINE):
        assert not re.search(r"\d", re.sub(r"\{[^{}]*\}", "", quoted)), quoted


def test_a_missing_table_is_said_before_anything_runs(tmp_path):
    with pytest.raises(TableError, match=r"no table marts\.fct_purchases .*make build"):
        write_notebook(Settings(var_dir=tmp_path, root="", _env_file=None))
