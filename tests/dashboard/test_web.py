"""What the server answers beside pages: health, downloads, a password; and what it never does."""

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from deltalake import write_deltalake
from flask.testing import FlaskClient
from pydantic import SecretStr, ValidationError

from dashboard.app import create_app, render
from dashboard.pages import PAGES
from dashboard.server import run
from dashboard.store import Store
from dashboard.web import as_csv
from lakehouse.builds.state import keep_failed
from lakehouse.errors import SettingsError
from lakehouse.maintenance.good_states import record_good_state
from lakehouse.publish.record import move_to
from lakehouse.settings import Settings


def settings_in(folder: Path, **more: object) -> Settings:
    return Settings(var_dir=folder, root="", _env_file=None, **more)


def client_of(settings: Settings) -> FlaskClient:
    return create_app(Store(settings)).server.test_client()


def write_products(settings: Settings) -> None:
    frame = pl.DataFrame(
        {
            "product_id": ["P1", "=cmd()"],
            "product_category_1": [1, 2],
            "count_purchases": [1, 1],
            "sales_rank": [1, 2],
        }
    )
    write_deltalake(settings.table_path("marts", "dim_products"), frame.to_arrow())


def test_health_answers_without_any_table(tmp_path):
    answer = client_of(settings_in(tmp_path)).get("/health")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok", "purchases_version": None}


def test_a_download_holds_the_rows_that_the_address_asks_for(tmp_path):
    settings = settings_in(tmp_path)
    write_products(settings)
    client = client_of(settings)
    rows = client.get("/csv/products/products.csv").text.splitlines()
    assert rows[0] == "product_id,product_category_1,count_purchases,sales_rank"
    assert len(rows) == 3
    filtered = client.get("/csv/products/products.csv?category=1").text.splitlines()
    assert filtered[1:] == ["P1,1,1,1"]
    many = "&".join(f"f{place}=1" for place in range(30))
    answer = client.get(f"/csv/products/products.csv?category=1&{many}")
    assert (answer.status_code, answer.text.splitlines()) == (200, [rows[0], "P1,1,1,1"])


@pytest.mark.parametrize(
    "path",
    [
        "/csv/products/other.csv",
        "/csv/nowhere/products.csv",
        "/csv/..%2F..%2Fetc/passwd.csv",
        "/csv/products/..%2Fproducts.csv",
    ],
)
def test_only_tables_that_a_page_offers_can_be_downloaded(tmp_path, path):
    settings = settings_in(tmp_path)
    write_products(settings)
    answer = client_of(settings).get(path)
    assert answer.mimetype != "text/csv"
    # Not "P1", which random letters of a page may hold.
    assert "=cmd()" not in answer.text


def test_no_cell_of_a_download_is_a_formula():
    frame = pl.DataFrame({"text": ["=1+1", "+1", "-1", "@x", "plain", None], "number": [-1] * 6})
    cells = [line.rsplit(",", 1)[0] for line in as_csv(frame).splitlines()[1:]]
    assert cells == ["'=1+1", "'+1", "'-1", "'@x", "plain", ""]


@pytest.mark.parametrize("cell", [" =1+1", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff20SUM(A1)"])
def test_neither_blanks_nor_wide_letters_make_a_formula_of_a_cell(cell):
    assert as_csv(pl.DataFrame({"text": [cell]})).splitlines()[1].lstrip('"').startswith("'")


def test_a_column_named_by_a_value_is_no_formula_either():
    assert as_csv(pl.DataFrame({"=cmd()": [1], "plain": [2]})).splitlines()[0] == "'=cmd(),plain"


def test_metrics_are_read_by_prometheus_and_guarded_like_the_pages(tmp_path):
    answer = client_of(settings_in(tmp_path)).get("/metrics")
    assert answer.content_type == "text/plain; version=1.0.0; charset=utf-8"
    assert 'lakehouse_service_up{service="thrift"} 0.0' in answer.text.splitlines()
    login = {"dashboard_username": "ann", "dashboard_password": SecretStr("secret")}
    assert client_of(settings_in(tmp_path, **login)).get("/metrics").status_code == 401


@pytest.mark.parametrize("asked", ["/lake", ""])
def test_below_a_path_of_a_proxy_pages_links_and_downloads_lead_there(tmp_path, asked):
    """Whether the proxy hands its path on or takes it off."""
    settings = settings_in(tmp_path, dashboard_path="/lake/")
    write_products(settings)
    client = client_of(settings)
    assert client.get(f"{asked}/health").json["status"] == "ok"
    assert client.get(f"{asked}/csv/products/products.csv").mimetype == "text/csv"
    page = client.get(f"{asked}/").text
    assert 'src="/lake/_dash-component-suites/' in page
    assert 'src="/_dash' not in page
    links = re.findall(r'"href":\s*"([^"]*)"', json.dumps(client.get(f"{asked}/_dash-layout").json))
    assert "/lake/products" in links
    assert all(link.startswith(("/lake/", "#")) for link in links)


def test_a_page_below_a_path_is_the_page(tmp_path):
    store = Store(settings_in(tmp_path, dashboard_path="/lake/"))
    for path in ("/lake/products", "/lake/products/", "/products"):
        assert "There is no such page" not in str(render(store, {"pathname": path}))
    assert "There is no such page" in str(render(store, {"pathname": "/lake/nowhere"}))
    assert "There is no such page" not in str(render(store, {"pathname": "/lake/"}))


@pytest.mark.parametrize("path", ["lake", "/lake", "/la ke/", "//evil.example/"])
def test_a_path_that_cannot_be_one_is_refused(tmp_path, path):
    with pytest.raises(ValidationError):
        settings_in(tmp_path, dashboard_path=path)


def test_lists_are_one_cell():
    frame = pl.DataFrame({"reasons": [["a", "b"], ["c"]]})
    assert as_csv(frame).splitlines() == ["reasons", "a | b", "c"]


def test_nothing_is_shown_without_the_password(tmp_path):
    settings = settings_in(
        tmp_path, dashboard_username="ann", dashboard_password=SecretStr("secret")
    )
    client = client_of(settings)

    def status(path: str, credentials: str | None) -> int:
        token = base64.b64encode((credentials or "").encode()).decode()
        headers = {"Authorization": f"Basic {token}"} if credentials is not None else {}
        return client.get(path, headers=headers).status_code

    assert status("/", "ann:secret") == 200
    for path in ("/", "/_dash-layout", "/csv/products/products.csv"):
        assert [status(path, given) for given in (None, "ann:wrong", "secret", "")] == [401] * 4
    for token in ("%%%", "é", "\N{SNOWMAN}".encode().decode("latin-1")):
        assert client.get("/", headers={"Authorization": f"Basic {token}"}).status_code == 401
    assert status("/health", None) == 200


def test_a_name_without_a_password_does_not_start(tmp_path):
    with pytest.raises(SettingsError, match="belong together"):
        run(settings_in(tmp_path, dashboard_username="ann"))


def test_the_browser_may_load_from_nowhere_else(tmp_path):
    answer = client_of(settings_in(tmp_path)).get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; script-src 'self' 'sha256-")
    assert "http" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]


@pytest.mark.parametrize(
    "asked",
    [
        None,
        [],
        {"pathname": None},
        {"pathname": "/../..", "search": 5},
        {"pathname": "/customers", "search": "?user=<b>&user=1", "scheme": {"a": 1}},
        {"pathname": "/customers", "search": "?find=<b>,.*,%00"},
        {"pathname": "/", "search": "?" + "&".join(f"f{place}=1" for place in range(30))},
    ],
)
def test_whatever_a_browser_sends_a_page_comes_back(tmp_path, asked):
    content = render(Store(settings_in(tmp_path)), asked)
    assert content


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_tables_says_which_command_fills_them(tmp_path, path):
    content = render(Store(settings_in(tmp_path)), {"pathname": path})
    assert "make " in str(content)


def test_a_table_of_another_shape_is_an_error_on_the_page(tmp_path):
    settings = settings_in(tmp_path)
    frame = pl.DataFrame({"user_id": [1]})
    write_deltalake(settings.table_path("marts", "fct_purchases"), frame.to_arrow())
    content = render(Store(settings), {"pathname": "/overview"})
    assert "has no column product_id" in str(content)


def test_a_category_holds_for_recommendations_and_audiences(tmp_path):
    settings = settings_in(tmp_path)
    numbers = {"count_purchases": [1, 1, 1], "sum_purchase": [9, 9, 9], "sales_rank": [1, 2, 3]}
    products = {"product_id": ["P1", "P2", "P3"], "product_category_1": [1, 2, 2]} | numbers
    lists = {"user_id": [1, 1, 2], "product_id": ["P1", "P2", "P1"]}
    frames = {
        ("marts", "dim_products"): products,
        ("marts", "dim_product_categories"): {
            "product_category_1": [1, 2],
            "sum_purchase": [9, 18],
            "share_of_sales": [1 / 3, 2 / 3],
            "mean_purchase": [9.0, 9.0],
            "first_quartile": [8.0, 8.0],
            "third_quartile": [9.0, 9.0],
        },
        ("predictions", "product_recommendations"): lists
        | {"rank": [1, 2, 1], "is_fallback": [True, False, True]},
        ("predictions", "product_audiences"): lists | {"rank": [1, 1, 2]},
    }
    for place, columns in frames.items():
        write_deltalake(settings.table_path(*place), pl.DataFrame(columns).to_arrow())
    rows = client_of(settings).get("/csv/products/product_audiences.csv?category=2").text
    assert rows.splitlines() == ["user_id,product_id,rank", "1,P2,1"]
    asked = {"pathname": "/products", "search": "?category=2"}
    content = render(Store(settings), asked)
    cards = [part for part in content if getattr(part, "className", "") == "figures"]
    values = {
        card.children[0].children: card.children[1].children
        for part in cards
        for card in part.children
    }
    assert values["Customers with a list"] == "1"
    assert values["Coverage"] == "50.0 %"
    assert values["Fallback"] == "0.0 %"


def test_segments_are_read_from_their_mart(tmp_path):
    settings = settings_in(tmp_path)
    customers = {"user_id": [1], "rfm_segment": ["regular"], "count_purchases": [2]}
    frames = {
        "dim_customers": customers | {"sum_purchase": [30], "sales_rank": [1]},
        "segment_profiles": {
            "segment_name": ["Rare guests", "Big spenders"],
            "count_customers": [7, 3],
            "sum_purchase": [10, 90],
        },
    }
    for name, columns in frames.items():
        write_deltalake(settings.table_path("marts", name), pl.DataFrame(columns).to_arrow())
    client = client_of(settings)
    rows = client.get("/csv/customers/segment_profiles.csv").text.splitlines()
    assert rows[1:] == ["Big spenders,3,90", "Rare guests,7,10"]
    content = render(Store(settings), {"pathname": "/customers"})
    assert "Big spenders bring 90.0 % of sales" in str(content)


def write_verdict(settings: Settings) -> None:
    row = {
        "task": "recommendations",
        "outcome": "Holds",
        "sentence": "Personal lists are 1.77 times as good as best sellers.",
        "value": 1.77,
        "low": 1.7,
        "high": 1.83,
    }
    path = settings.table_path("predictions", "verdicts")
    write_deltalake(path, pl.DataFrame([row]).to_arrow())


def test_the_first_page_shows_what_is_judged_and_how_to_judge_the_rest(tmp_path):
    settings = settings_in(tmp_path)
    write_verdict(settings)
    words = str(render(Store(settings), {"pathname": "/"}))
    assert "1 holds, 4 are not judged yet" in words
    assert "Personal lists are 1.77 times as good as best sellers." in words
    assert "1.700 to 1.830" in words
    assert "make train TASK=segments" in words
    # No forecast, load or stream yet: each says which command brings it.
    for command in ("make build", "make stream"):
        assert command in words
    rows = client_of(settings).get("/csv/start/verdicts.csv").text.splitlines()
    assert rows[0] == "claim,verdict,effect,figure,in_words"
    assert len(rows) == 6


def test_what_tests_answered_is_told_on_the_first_page(tmp_path):
    settings = settings_in(tmp_path)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    loads = {
        "data_kind": ["real"],
        "landed_at": [now],
        "count_landed": [10],
        "count_accepted": [9],
        "count_rejected": [1],
        "count_duplicates": [0],
    }
    write_deltalake(settings.table_path("marts", "load_audit"), pl.DataFrame(loads).to_arrow())
    history = settings.table_path("audit", "test_results")

    def answer(*statuses: str) -> str:
        frame = pl.DataFrame({"status": statuses}).with_columns(
            test_name=pl.format("test_{}", pl.int_range(pl.len())),
            test_id=pl.lit("test"),
            invocation_id=pl.lit("run"),
            count_failures=pl.lit(1),
            tested_at=pl.lit(now),
        )
        write_deltalake(history, frame.to_arrow(), mode="overwrite")
        return str(render(Store(settings), {"pathname": "/"}))

    troubled = answer("pass", "fail")
    assert "1 failed" in troubled
    assert "Nothing is withheld" not in troubled
    assert "1 warned" in answer("pass", "warn")
    well = answer("pass", "pass")
    assert "Nothing is withheld" in well
    assert "2 of 2 tests passed" in well

    # A failed build after a published one: the page says what it shows, and why not the newer.
    move_to(record_good_state(settings), "build", settings)
    artifacts = tmp_path / "artifacts"
    artifacts.mkdir()
    results = {
        "metadata": {"generated_at": "2026-01-01T13:00:00Z"},
        "results": [{"unique_id": "test.project.unique_key", "status": "fail"}],
    }
    for name, content in {"manifest": {}, "sources": {}, "run_results": results}.items():
        (artifacts / f"{name}.json").write_text(json.dumps(content))
    keep_failed(artifacts, {}, settings)
    page = answer("pass", "fail")
    assert "Shown is state 1 of" in page
    assert "A newer one is withheld: unique_key failed in the build of 2026-01-01 13:00" in page
    quality = str(render(Store(settings), {"pathname": "/quality"}))
    assert "A newer state is withheld" in quality
