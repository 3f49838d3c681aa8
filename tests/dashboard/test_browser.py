"""Every page in a real browser, on a full, an empty and a half-built lakehouse."""

import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from conftest import free_port
from dashboard_under_test import (
    append_minutes,
    fill_live,
    fill_marts,
    fill_predictions,
    measure,
    served,
)
from lakehouse_under_test import LakehouseUnderTest

from bench.dashboard import filter_milliseconds, paint_milliseconds
from dashboard.browser import CHROMIUM, browser, open_page, wait_until
from dashboard.formats import number, percent, short
from dashboard.pages import PAGES
from dashboard.screenshots import VIEWS, take
from dashboard.theme import PALETTES
from lakehouse.registered_tables import ensure_registered_tables
from lakehouse.settings import Settings

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no {CHROMIUM}: the pages were not seen by a browser"
)

BACKTEST = "kind = 'backtest'"
COUNTS = (
    "sum(count_landed) as landed, sum(count_accepted) as accepted, "
    "sum(count_rejected) as rejected, sum(count_duplicates) as duplicates"
)
FIRST_CARD_SAYS = "(text) => document.querySelector('#content .figure-value').textContent === text"


def settings_in(folder: Path) -> Settings:
    return Settings(
        var_dir=folder, root="", synthetic_rows=12_000, dashboard_port=free_port(), _env_file=None
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator["playwright.Browser"]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def full(lakehouse: LakehouseUnderTest, tmp_path_factory) -> Settings:
    """A copy of the built lakehouse, with rows of models and stream."""
    settings = settings_in(tmp_path_factory.mktemp("full"))
    shutil.copytree(lakehouse.settings.lakehouse_root, settings.lakehouse_root)
    fill_predictions(settings)
    fill_live(settings)
    fill_marts(settings)
    return settings


@pytest.fixture(scope="module")
def dashboard(full: Settings) -> Iterator[str]:
    with served(full) as origin:
        yield origin


def assert_is_well(page, problems) -> None:
    assert problems.messages == []
    assert problems.foreign == []
    assert page.locator(".failed").count() == 0


# Of each table whether it is wider than its frame, and whether it says so.
SCROLL_HINTS = """() => Array.from(document.querySelectorAll(".table-scroll")).map((frame) =>
  [frame.scrollWidth > frame.clientWidth + 1, frame.querySelector(".scroll-hint") !== null])"""


def assert_is_accessible(page) -> None:
    """Axe finds nothing against WCAG or good practice, such as too little contrast of a text."""
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_a_full_lakehouse_has_charts_and_no_errors(chromium, dashboard, path):
    page, problems = open_page(chromium, dashboard, path)
    assert_is_well(page, problems)
    title = page.locator("h1").inner_text()
    assert title == ("What we know" if path == "/" else PAGES[path].title)
    assert page.locator("#content .main-svg").count() > 0
    # The first page is of tiles, each of which leads to the page with the rows.
    assert page.locator("table.rows tbody tr, .tile a").count() > 0
    assert_is_accessible(page)
    assert "SYNTHETIC" in page.locator("header").inner_text().upper()
    assert "SIMULATED" in page.locator("header").inner_text().upper()
    page.context.close()


def test_pages_of_an_empty_lakehouse_say_what_to_run(chromium, tmp_path):
    with served(settings_in(tmp_path)) as origin:
        for path in PAGES:
            page, problems = open_page(chromium, origin, path)
            assert_is_well(page, problems)
            assert "make " in page.locator("#content").inner_text()
            page.context.close()


def test_pages_of_a_half_built_lakehouse_show_what_is_there(chromium, full, tmp_path):
    half = settings_in(tmp_path)
    for table in ("fct_purchases", "load_audit", "dim_customers", "dim_products"):
        shutil.copytree(full.table_path("marts", table), half.table_path("marts", table))
    # All of models and stream is there, and has no rows.
    ensure_registered_tables(half)
    with served(half) as origin:
        for path in PAGES:
            page, problems = open_page(chromium, origin, path)
            assert_is_well(page, problems)
            words = page.locator("#content").inner_text()
            assert path == "/overview" or "make " in words, path
            page.context.close()


def cards(page) -> dict[str, str]:
    names = page.locator("#content .figure-name").all_inner_texts()
    return dict(zip(names, page.locator("#content .figure-value").all_inner_texts(), strict=True))


def ask(
    settings: Settings, schema: str, table: str, columns: str, *, where: str = "true"
) -> dict[str, Any]:
    """The one row of an aggregating SELECT over a table."""
    context = pl.SQLContext({table: pl.scan_delta(settings.table_path(schema, table))})
    found = context.execute(f"select {columns} from {table} where {where}")  # noqa: S608
    return found.collect().row(0, named=True)


def expected(settings: Settings, where: str) -> dict[str, str]:
    row = ask(
        settings,
        "marts",
        "fct_purchases",
        "count(*) as purchases, count(distinct user_id) as customers, "
        "sum(cast(purchase as bigint)) as sales",
        where=where,
    )
    return {
        "Sales": short(row["sales"]),
        "Purchases": number(row["purchases"]),
        "Customers": number(row["customers"]),
    }


def test_the_first_page_shows_verdicts_sales_and_states_as_in_sql(chromium, dashboard, full):
    measure(full, datetime.now(UTC))
    page, problems = open_page(chromium, dashboard, "/")
    day = ask(full, "marts", "revenue_forecast", "max(simulated_date) as day", where=BACKTEST)
    row = ask(
        full,
        "marts",
        "revenue_forecast",
        "sum(sum_purchase) as sales, sum(simulated_forecast) as forecast, "
        "max(simulated_backtest_error_share) as error",
        where=f"{BACKTEST} and simulated_date = date '{day['day']}'",
    )
    assert cards(page) == {
        "Sales of the newest day": short(row["sales"]),
        "Forecast for it": short(row["forecast"]),
        "Against the forecast": f"{100 * (row['sales'] / row['forecast'] - 1):+.1f} %",
        "Error by the hour": percent(row["error"]),
    }
    tiles = page.locator(".tile")
    figures = tiles.locator(".big").all_inner_texts()
    metric = ask(
        full, "predictions", "model_metrics", "max(value) as roc_auc", where="metric = 'roc_auc'"
    )
    assert figures[4] == percent(metric["roc_auc"])
    bought = ask(full, "marts", "load_audit", "sum(count_accepted) as accepted")
    assert figures[5:7] == [f"{number(bought['accepted'])} purchases", "Running"]
    outcomes = [tile.locator(".tag").inner_text() for tile in tiles.all()[:5]]
    assert outcomes == ["Holds in part", "Holds", "Holds in part", "Holds in part", "Does not hold"]
    targets = [link.get_attribute("href") for link in tiles.locator("a").all()]
    assert len(targets) == 8 and set(targets) <= set(PAGES)
    tiles.locator("a").first.click()
    page.get_by_role("heading", name="Models", level=1).wait_for()
    assert_is_well(page, problems)
    page.context.close()


def test_rows_duplicates_and_tests_are_counted_as_in_sql(chromium, dashboard, full):
    page, problems = open_page(chromium, dashboard, "/quality")
    row = ask(
        full,
        "marts",
        "load_audit",
        COUNTS,
    )
    wanted = {
        "Rows in": number(row["landed"]),
        "Duplicates": number(row["duplicates"]),
        "Different rows": number(row["landed"] - row["duplicates"]),
        "Accepted": number(row["accepted"]),
        "Quarantined": number(row["rejected"]),
    }
    assert cards(page).items() >= wanted.items()
    figure = page.locator("[data-chart=tests]")
    first_trace(figure, "x")
    assert figure.locator(".js-plotly-plot").evaluate("plot => plot.data.map((t) => t.name)") == [
        "pass",
        "warn",
        "fail",
    ]
    results = pl.read_delta(full.table_path("audit", "test_results"))
    newest = results["tested_at"].unique().sort().tail(20)
    of_newest = results.filter(pl.col("tested_at").is_in(newest.implode()))
    troubled = of_newest.filter(pl.col("status") != "pass")["test_name"].n_unique()
    # The fixture lets one test fail and warn before it passes.
    assert troubled > 0
    said = "One test" if troubled == 1 else f"{troubled} tests"
    wanted_words = f"{said} did not always pass in the newest {len(newest)} builds"
    assert wanted_words in figure.get_attribute("aria-label")
    assert_is_well(page, problems)
    page.context.close()


def test_a_customer_is_found_by_words_and_opened(chromium, dashboard, full):
    where = "gender = 'F' and city_category = 'B'"
    row = ask(full, "marts", "dim_customers", "count(*) as found", where=where)
    page, problems = open_page(chromium, dashboard, "/customers")
    field = page.get_by_label("Find a customer")
    field.fill("women city B")
    field.press("Enter")
    page.wait_for_url("**/customers?find=*")
    results = page.locator(".results")
    results.wait_for()
    assert results.locator("h2").inner_text().startswith(f"{row['found']} customers found")
    results.locator("a").first.click()
    page.wait_for_url("**/customers?user=*")
    page.get_by_role("region", name=re.compile("Recommended to customer")).wait_for()
    # Its own three parts, as tests/dashboard_under_test.py made them up: 100, 20 and -30.
    assert page.get_by_text(re.compile(r", 90 more than others would be")).count()
    assert page.locator(".section h2").first.inner_text().startswith("Customer 1")
    assert_is_well(page, problems)
    page.context.close()


def test_a_filter_changes_numbers_and_address_and_the_address_brings_it_back(
    chromium, dashboard, full
):
    page, problems = open_page(chromium, dashboard, "/overview")
    assert cards(page).items() >= expected(full, "true").items()
    page.get_by_role("textbox", name="City category").click()
    page.get_by_role("option", name="B", exact=True).click()
    page.wait_for_url("**/overview?city=B")
    wanted = expected(full, "city_category = 'B'")
    wait_until(page, FIRST_CARD_SAYS, wanted["Sales"])
    assert cards(page).items() >= wanted.items()
    assert first_trace(page.locator("[data-chart=by-city]"), "y") == ["City B"]
    assert_is_well(page, problems)
    page.context.close()

    address = "/overview?city=B,C&gender=F&age=26-35,55%2B&category=1,5"
    page, problems = open_page(chromium, dashboard, address)
    where = (
        "city_category in ('B', 'C') and gender = 'F' and age in ('26-35', '55+') "
        "and product_category_1 in (1, 5)"
    )
    assert cards(page).items() >= expected(full, where).items()
    download = page.request.get(
        dashboard + page.get_by_label("Download Sales by gender as CSV").get_attribute("href")
    )
    assert download.text().splitlines()[1].startswith("F,")
    assert len(download.text().splitlines()) == 2
    assert_is_well(page, problems)
    page.context.close()


def test_a_click_on_a_bar_filters_everything(chromium, dashboard, full):
    page, problems = open_page(chromium, dashboard, "/overview")
    page.locator("[data-chart=by-gender] .point path").last.click(force=True)
    page.wait_for_url("**/overview?gender=M")
    wanted = expected(full, "gender = 'M'")
    wait_until(page, FIRST_CARD_SAYS, wanted["Sales"])
    assert cards(page).items() >= wanted.items()
    assert_is_well(page, problems)
    page.context.close()


def test_the_category_filter_holds_for_recommendations_and_audiences_as_in_sql(
    chromium, dashboard, full
):
    tables = {
        "products": ("marts", "dim_products"),
        "lists": ("predictions", "product_recommendations"),
        "audiences": ("predictions", "product_audiences"),
    }
    context = pl.SQLContext(
        {name: pl.scan_delta(full.table_path(*at)) for name, at in tables.items()}, eager=True
    )
    # The category of an audience, so that its table is not empty.
    first = "select min(product_category_1) from audiences join products using (product_id)"
    category = context.execute(first).item()
    where = f"product_category_1 = {category}"
    sold = context.execute(f"select count(*) from products where {where}").item()  # noqa: S608
    row = context.execute(
        "select count(distinct user_id) as users, count(distinct product_id) as products, "  # noqa: S608
        "avg(case when is_fallback then 1.0 else 0.0 end) as fallback "
        f"from lists join products using (product_id) where {where}"
    ).row(0, named=True)
    wanted = {
        "Products": number(sold),
        "Customers with a list": number(row["users"]),
        "Products recommended": number(row["products"]),
        "Coverage": percent(row["products"] / sold),
        "Fallback": percent(row["fallback"]),
    }
    page, problems = open_page(chromium, dashboard, f"/products?category={category}")
    assert cards(page).items() >= wanted.items()
    assert f"of {sold:,}" in page.locator("#content .figure-hint").all_inner_texts()
    download = page.request.get(
        dashboard + page.get_by_label("Download Audiences as CSV").get_attribute("href")
    )
    kept = context.execute(
        f"select product_id from audiences join products using (product_id) where {where} "  # noqa: S608
        "order by product_id"
    ).to_series()
    assert 0 < len(kept) < len(context.execute("select * from audiences"))
    cells = [line.split(",")[0] for line in download.text().splitlines()]
    assert cells == ["product_id", *kept]
    assert_is_well(page, problems)
    page.context.close()


def first_trace(figure, axis):
    """Values of the first trace, once Plotly has drawn it.

    A page that refreshes itself may draw its figure anew at any moment, and Plotly's figure has no
    data while it does so: that it is drawn and what it shows are asked at once.
    """
    drawn = f"""plots => plots.length && plots[0].data && plots[0].querySelector(".main-svg")
      ? Array.from(plots[0].data[0].{axis}) : null"""
    deadline = time.monotonic() + 60
    while (values := figure.locator(".js-plotly-plot").evaluate_all(drawn)) is None:
        assert time.monotonic() < deadline, "the figure was not drawn within a minute"
        figure.page.wait_for_timeout(50)
    return values


def test_the_funnel_shows_what_stands_in_its_mart(chromium, dashboard, full):
    page, problems = open_page(chromium, dashboard, "/live")
    steps = ("count_views", "count_carts", "count_checkouts", "count_purchases")
    row = ask(full, "marts", "conversion_funnel", ", ".join(f"sum({n}) as {n}" for n in steps))
    figure = page.locator("[data-chart=funnel]")
    assert percent(row["count_purchases"] / row["count_views"]) in figure.get_attribute(
        "aria-label"
    )
    drawn = first_trace(figure, "x")
    assert sorted(drawn) == sorted(row[name] for name in steps)
    assert_is_well(page, problems)
    page.context.close()


def test_messages_and_refused_events_are_counted_as_in_sql(chromium, dashboard, full):
    page, problems = open_page(chromium, dashboard, "/quality")
    row = ask(
        full,
        "marts",
        "stream_audit",
        COUNTS,
    )
    wanted = {
        "Messages in": number(row["landed"]),
        "Messages accepted": number(row["accepted"]),
        "Messages quarantined": number(row["rejected"]),
        "Messages repeated": number(row["duplicates"]),
        "Offsets missing": "0",
    }
    assert cards(page).items() >= wanted.items()
    assert page.get_by_text("besides 30 that were accepted as lost").count() == 1
    examples = page.get_by_role("region", name=re.compile("Examples of refused events"))
    # Three of each reason; a message's markup stays text.
    assert examples.locator("tbody tr").count() == 4
    assert "<b>0</b>" in examples.inner_text()
    assert examples.locator("tbody b").count() == 0
    assert_is_well(page, problems)
    page.context.close()


def test_the_champion_stands_beside_goal_floor_and_others(chromium, dashboard):
    page, problems = open_page(chromium, dashboard, "/models")
    figure = page.locator("[data-chart=compare-validation_rmse]")
    drawn = figure.locator(".js-plotly-plot")
    first_trace(figure, "x")
    words = drawn.inner_text()
    for text in ("goal 2,350", "chance leaves about 2,400", "Champion, v1", "Mean of the category"):
        assert text in words
    # The champion alone is in the accent, the others in grey.
    traces = drawn.evaluate("plot => plot.data.map((t) => [t.marker.color, t.x.length])")
    assert sorted(traces, key=lambda trace: trace[1]) == [
        [PALETTES["light"].accent, 1],
        [PALETTES["light"].grey, 3],
    ]
    # 2,580 lies within the champion's own interval.
    assert "is level with Spark, boosted trees" in figure.get_attribute("aria-label")
    assert "hypotheses" not in cards(page)
    assert_is_well(page, problems)
    page.context.close()


def test_prospects_are_counted_as_in_sql(chromium, dashboard, full):
    page, problems = open_page(chromium, dashboard, "/customers")
    row = ask(
        full,
        "marts",
        "high_value_prospects",
        "sum(case when is_predicted_high_value then 1 else 0 end) as courted, "
        "sum(case when outcome = 'found' then 1 else 0 end) as found",
    )
    words = page.locator("[data-chart=prospects]").get_attribute("aria-label")
    assert f"{row['courted']:,} customers are worth courting" in words
    assert f"{percent(row['found'] / row['courted'])} of them" in words
    assert_is_well(page, problems)
    page.context.close()


@pytest.mark.parametrize("path", ["/live", "/live/"])
def test_the_live_page_moves_while_rows_arrive_and_says_when_none_do(
    chromium, dashboard, full, path
):
    measure(full, datetime.now(UTC))
    page, problems = open_page(chromium, dashboard, path)
    # What is read out holds no age, which would be told anew every two seconds.
    assert page.locator("#stream-state[aria-live]").inner_text() == "The stream is running"
    assert page.locator("#content [role=alert]").count() == 0
    assert "ago" in page.locator(".remark:has(#stream-state)").inner_text()
    before = int(cards(page)["Purchases streamed"].replace(",", ""))
    append_minutes(full, [77, 23], first=60)
    wait_until(page, FIRST_CARD_SAYS, number(before + 100))
    measure(full, datetime(2026, 1, 1, tzinfo=UTC))
    wait_until(
        page,
        "() => document.querySelector('#stream-state').textContent.includes('stopped or silent')",
    )
    assert_is_well(page, problems)
    page.context.close()


def test_a_customer_has_an_address_of_its_own(chromium, dashboard, full):
    customers = pl.read_delta(full.table_path("marts", "dim_customers")).sort("sales_rank")
    best = customers.row(0, named=True)
    page, problems = open_page(chromium, dashboard, f"/customers?user={best['user_id']}")
    assert cards(page)["Sales"] == short(best["sum_purchase"])
    row = ask(
        full,
        "marts",
        "customer_lifetime_value",
        "max(assumed_lifetime_value) as assumed_value, max(value_tier) as tier",
        where=f"user_id = {best['user_id']}",
    )
    assert cards(page)["Lifetime value"] == short(row["assumed_value"])
    hint = f"{row['tier']} tier; margin and return are assumed"
    assert hint in page.locator("#content .figure-hint").all_inner_texts()
    assert page.get_by_role("region", name=re.compile("Recommended to customer")).is_visible()
    assert_is_well(page, problems)
    page.context.close()


def test_the_scheme_is_switched_and_kept(chromium, dashboard):
    page, problems = open_page(chromium, dashboard, "/hypotheses")
    scheme = "() => document.documentElement.getAttribute('data-mantine-color-scheme')"
    assert page.evaluate(scheme) == "light"
    page.get_by_label("Switch between light and dark").click()
    wait_until(page, f"() => ({scheme})() === 'dark'")
    page.reload()
    page.wait_for_selector("#content h1")
    wait_until(page, f"() => ({scheme})() === 'dark'")
    assert_is_well(page, problems)
    page.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_a_page_without_sideways_scrolling(chromium, dashboard, path):
    page, problems = open_page(chromium, dashboard, path, width=390, scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".brand").is_visible()
    button = page.get_by_label("Switch between light and dark").bounding_box()
    assert button["x"] + button["width"] <= 390
    assert_is_accessible(page)
    # A table that is wider than the window says so, and no other one does.
    hints = page.evaluate(SCROLL_HINTS)
    assert [said for is_wider, said in hints if is_wider != said] == []
    page.get_by_label("Menu").click()
    page.get_by_role("link", name="Business").click()
    page.wait_for_url("**/business")
    assert_is_well(page, problems)
    page.context.close()


def test_a_page_that_only_opens_leaves_the_address_so_that_back_leads_back(chromium, dashboard):
    page, problems = open_page(chromium, dashboard, "/overview")
    page.get_by_role("link", name="Business").click()
    page.get_by_text("Lift of spending: 3 %").wait_for()
    page.wait_for_load_state("networkidle")
    assert page.url.endswith("/business")
    page.go_back()
    page.get_by_role("heading", name="Overview", level=1).wait_for()
    assert page.evaluate("location.pathname + location.search") == "/overview"
    assert_is_well(page, problems)
    page.context.close()


def test_the_keyboard_reaches_the_content_and_every_chart_has_words(chromium, dashboard):
    page, problems = open_page(chromium, dashboard, "/products")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    figures = page.locator("figure")
    assert figures.count() > 0
    for place in range(figures.count()):
        assert re.match(r"Chart: .+\. .+", figures.nth(place).get_attribute("aria-label"))
    assert page.locator("table.rows th:not([scope=col])").count() == 0
    assert_is_well(page, problems)
    page.context.close()


def test_waiting_times_can_be_measured(chromium, dashboard):
    page, _ = open_page(chromium, dashboard, "/overview")
    paint = paint_milliseconds(page)
    assert 0 < paint["first_paint"] <= paint["first_numbers"]
    assert filter_milliseconds(page) > 0
    page.context.close()


def test_pictures_are_taken_of_pages_in_both_schemes(chromium, dashboard, tmp_path):
    assert {path for path, _, _ in VIEWS.values()} == set(PAGES)
    names = ("dashboard-hypotheses", "dashboard-start-dark")
    taken = take(chromium, dashboard, tmp_path, names)
    assert [path.stem for path in taken] == list(names)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in taken)
