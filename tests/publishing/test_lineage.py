"""The page of column lineage needs no server, and shows what its tables hold."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from column_lineage_project import small_manifest

from dashboard.browser import CHROMIUM, browser
from lakehouse.lineage.project import ProjectLineage, TableLineage, project_lineage
from publishing.lineage import lineage_page, write_lineage

BUILT_AT = "2026-01-02T03:04:05.678Z"


def test_the_page_holds_every_column_and_loads_nothing():
    page = lineage_page(project_lineage(small_manifest()), BUILT_AT)
    (data,) = re.findall(r'<script id="data"[^>]*>(.*?)</script>', page, re.DOTALL)
    tables = json.loads(data)
    assert tables["marts.facts"]["columns"] == {
        "id": ["raw.sales_1.id"],
        "gross": ["raw.sales_1.amount"],
    }
    assert tables["marts.report"]["exposures"] == ["page"]
    assert not re.search(r"(?:src|href)=|https?:|@import|url\(", page)
    assert "2026-01-02 03:04 UTC" in page


def test_no_text_of_a_project_ends_the_script_it_stands_in():
    table = TableLineage("x", "model", {}, problem="</script><b>not text</b>")
    page = lineage_page(ProjectLineage({"marts.x": table}), BUILT_AT)
    assert page.count("</script>") == 2


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Iterator["Page"]:  # noqa: F821
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: the page was not seen by a browser")
    folder: Path = tmp_path_factory.mktemp("page")
    target = write_lineage(project_lineage(small_manifest()), BUILT_AT, folder)
    with browser() as started:
        opened = started.new_page()
        opened.goto(target.as_uri())
        yield opened


def test_a_reader_goes_from_a_search_to_a_column_and_to_what_rests_on_it(page):
    page.fill("#search", "amount")
    page.click("text=amount")
    shown = page.inner_text("main")
    assert shown.startswith("raw.sales_1.amount")
    assert "marts.report: total" in shown
    assert "page" in shown.split("Exposures on these tables")[1]
    page.click("main >> text=total")
    assert "raw.sales_1: amount" in page.inner_text("main")
    page.go_back()
    assert page.inner_text("h1") == "raw.sales_1.amount"
