"""Slides and report say what the tables say, and what is not known yet."""

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from deltalake import write_deltalake
from pptx import Presentation

from lakehouse.errors import TableError
from lakehouse.settings import Settings
from ml.tasks import TASKS
from publishing import model_findings
from publishing.findings import find
from publishing.inputs import READS
from publishing.presentation import write_presentation
from publishing.report import report_html, report_markdown, write_report

MADE_AT = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

AUDIT = {
    "data_kind": ["synthetic"],
    "count_in_file": [110],
    "count_accepted": [100],
    "count_rejected": [7],
    "count_duplicates": [3],
}
SALES = {
    "marts.load_audit": AUDIT,
    "marts.dim_customers": {
        "gender": ["F", "M", "M", "M"],
        "age": ["18-25", "26-35", "26-35", "55+"],
        "city_category": ["A", "B", "B", "C"],
        "count_purchases": [10, 40, 30, 20],
        "sum_purchase": [1_000, 6_000, 2_000, 1_000],
    },
    "marts.dim_products": {"sum_purchase": [6_000, 3_000, 1_000]},
    "marts.dim_product_categories": {
        "product_category_1": [1, 5, 8, 20],
        "share_of_sales": [0.5, 0.3, 0.15, 0.05],
        "mean_purchase": [150.0, 90.0, 200.0, 10.0],
        "count_products": [2, 1, 3, 4],
    },
}
BUSINESS = {
    "marts.customer_lifetime_value": {
        "value_tier": ["gold", "silver", "bronze", "bronze"],
        "assumed_lifetime_value": [9_000.0, 3_000.0, 500.0, 300.0],
        "sum_purchase": [6_000, 2_000, 1_000, 1_000],
    },
    "marts.price_sensitivity_by_segment": {
        "segment_attribute": ["everyone", "gender", "gender"],
        "segment_value": ["everyone", "F", "M"],
        "price_index": [1.0, 0.97, 1.01],
    },
    "marts.campaign_lift_simulation": {
        "value_decile": [1, 2, 1, 2],
        "scenario": ["cautious", "cautious", "hopeful", "hopeful"],
        "assumed_lift": [0.02, 0.02, 0.1, 0.1],
        "assumed_profit": [5.0, -20.0, 50.0, -5.0],
        "break_even_lift": [0.015, 0.12, 0.015, 0.12],
    },
    "marts.product_demand": {"abc_class": ["A", "B", "C"], "sum_purchase": [6_000, 3_000, 1_000]},
    "marts.churn_early_warning": {
        "simulated_churn_risk": ["high", "low", "low", "medium"],
        "simulated_sales_at_risk": [900.0, 1.0, 2.0, 97.0],
    },
    "marts.revenue_forecast": {
        "simulated_hour_at": pd.to_datetime(
            ["2018-11-24T10:00Z", "2018-11-25T10:00Z", "2018-11-26T10:00Z"]
        ),
        "kind": ["history", "backtest", "forecast"],
        "sum_purchase": [100.0, 90.0, None],
        "simulated_forecast": [None, 99.0, 88.0],
        "simulated_backtest_error_share": [None, 0.1, None],
    },
}
PREDICTIONS = {
    "predictions.segments": {
        "segment_id": [0, 1],
        "segment_name": ["big spenders", "light buyers"],
        "recommended_action": ["Call them.", "Send a voucher."],
        "data_kind": "synthetic",
    },
    "predictions.customer_segments": {
        "user_id": [1, 2, 3, 4],
        "segment_id": [0, 1, 1, 1],
        "segment_name": ["big spenders", "light buyers", "light buyers", "light buyers"],
        "data_kind": "synthetic",
    },
    "predictions.product_recommendations": {
        "user_id": [1, 1, 2, 2],
        "product_id": ["P1", "P2", "P1", "P3"],
        "is_fallback": [False, False, True, True],
        "data_kind": "synthetic",
    },
    "predictions.high_value_customers": {
        "is_predicted_high_value": [True, True, False, False],
        "data_kind": "synthetic",
    },
    "predictions.hypothesis_tests": {
        "hypothesis_id": ["H1", "H1", "H2", "H3"],
        "hypothesis": ["Men spend more.", "Men spend more.", "Age matters.", "Stay matters."],
        "effect_size_name": ["d", "eta squared", "eta squared", "eta squared"],
        "effect_size": [0.9, 0.04, 0.001, 0.0],
        "verdict": ["for comparison", "supported", "not supported", "not supported"],
        "plain_words": ["", "There is a small difference.", "No difference.", "No difference."],
        "data_kind": "synthetic",
    },
}
FIGURES = {
    "data": "synthetic",
    "purchase_test_rmse": 2345.6,
    "purchase_test_r2": 0.78,
    "purchase_basket_r2": 0.87,
    "purchase_basket_r2_of_own_mean": 0.35,
    "purchase_stack_rmse": 2345.0,
    "purchase_base_rmse": 2366.0,
    "purchase_mllib_linear_rmse": 2500.0,
    "purchase_mllib_forest_rmse": 2490.0,
    "purchase_mllib_gbt_rmse": 2470.0,
    "recommendations_ndcg_at_10": 0.14,
    "recommendations_ndcg_at_10_popularity": 0.08,
    "recommendations_ndcg_at_10_explicit_als": 0.006,
    "high_value_roc_auc": 0.85,
    "high_value_roc_auc_demographics": 0.77,
    "high_value_roc_auc_city": 0.73,
}


def lakehouse_of(folder, tables, figures=None):
    settings = Settings(var_dir=folder, root="", _env_file=None)
    for name, columns in tables.items():
        schema, table = name.split(".")
        write_deltalake(settings.table_path(schema, table), pd.DataFrame(columns))
    if figures is not None:
        (folder / "results").mkdir()
        (folder / "results" / "ml.json").write_text(json.dumps(figures))
    return settings


@pytest.fixture(scope="module")
def without_models(tmp_path_factory):
    return find(lakehouse_of(tmp_path_factory.mktemp("half"), SALES))


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    return find(lakehouse_of(folder, SALES | BUSINESS | PREDICTIONS, FIGURES))


def text_of(deck):
    """All words of each slide, those of charts too."""
    slides = []
    for slide in deck.slides:
        words = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        for shape in slide.shapes:
            if shape.has_chart:
                words += [shape.chart.chart_title.text_frame.text]
        slides.append("\n".join(words))
    return slides


def test_the_tables_of_this_test_have_every_column_that_is_read():
    tables = SALES | BUSINESS | PREDICTIONS
    assert {name: tuple(columns) for name, columns in tables.items()} == READS


def test_with_everything_there_every_topic_has_a_finding(everything):
    assert everything.gaps == ()
    assert everything.data_kind == "SYNTHETIC data; event times are simulated"
    headlines = {topic: finding.headline for topic, finding in everything.found.items()}
    assert headlines["Categories"] == "Categories 1, 5 and 8 bring 95% of the sales"
    assert headlines["Customers"] == "The best 20% of the customers bring 60% of the sales"
    assert headlines["Cities"] == (
        "A customer of a city of category B spends 300% more than one of category A"
    )
    assert headlines["Customer lifetime value"] == (
        "25% of the customers (gold) hold 60% of the sales"
    )
    assert headlines["Recommendations"] == (
        "Personal recommendations are 75% better than a list of best sellers"
    )
    assert headlines["High-value customers"] == (
        "After a first basket, the model ranks a high-value customer above another in 85% of the"
        " cases"
    )
    assert headlines["Hypotheses"] == "Of 3 hypotheses: 2 not supported; 1 supported"
    tests = everything.found["Hypotheses"]
    assert tests.points == (
        "Men spend more: There is a small difference.",
        "Not supported: Age matters; Stay matters.",
    )
    assert tests.chart.categories == ("Men spend more", "Age matters", "Stay matters")
    assert tests.chart.series == {"Effect size (eta squared)": (0.04, 0.001, 0.0)}


def test_without_models_the_topics_are_named_as_missing_with_the_command(without_models):
    gaps = {gap.topic: (gap.what, gap.command) for gap in without_models.gaps}
    assert gaps["Customer segments"] == ("`predictions.segments`", "make train")
    assert gaps["Predicting an amount"] == ("a figure in `results/ml.json`", "make train")
    assert gaps["Campaigns"] == ("`marts.campaign_lift_simulation`", "make build")
    assert gaps.keys().isdisjoint(without_models.found)
    markdown = report_markdown(without_models, MADE_AT)
    assert (
        "- **Customer segments**: `predictions.segments` is missing; run `make train`" in markdown
    )
    assert "RMSE" not in markdown


def test_figures_of_another_kind_of_data_are_not_quoted(tmp_path):
    settings = lakehouse_of(tmp_path, SALES | PREDICTIONS, FIGURES | {"data": "real"})
    assert "Predicting an amount" in {gap.topic for gap in find(settings).gaps}


def test_predictions_for_another_kind_of_data_are_not_quoted(tmp_path):
    real = {name: columns | {"data_kind": "real"} for name, columns in PREDICTIONS.items()}
    gaps = {gap.topic for gap in find(lakehouse_of(tmp_path, SALES | real, FIGURES)).gaps}
    assert {"Customer segments", "Recommendations", "High-value customers", "Hypotheses"} <= gaps


def test_figures_of_a_quick_training_say_so(tmp_path, everything):
    asked = set(re.findall(r'budget\("([\w-]+)"\)', Path(model_findings.__file__).read_text()))
    assert asked <= TASKS.keys()
    quick = FIGURES | {"purchase_is_quick": True, "recommendations_is_quick": False}
    found = find(lakehouse_of(tmp_path, SALES | PREDICTIONS, quick)).found
    said = {topic: "quick training" in " ".join(found[topic].points) for topic in found}
    assert said["Predicting an amount"]
    assert not said["Recommendations"]
    assert "quick" not in " ".join(everything.found["Predicting an amount"].points)


def test_an_empty_table_of_predictions_is_missing_like_none(tmp_path):
    empty = {
        name: pd.DataFrame(columns).head(0).astype(pd.DataFrame(columns).dtypes)
        for name, columns in PREDICTIONS.items()
    }
    gaps = {gap.topic for gap in find(lakehouse_of(tmp_path, SALES | empty, FIGURES)).gaps}
    assert {"Customer segments", "Recommendations", "Hypotheses"} <= gaps


def test_totals_that_do_not_add_up_are_not_to_be_planned_with(tmp_path):
    lost = {"marts.load_audit": AUDIT | {"count_in_file": [111]}}
    found = find(lakehouse_of(tmp_path, SALES | lost)).found
    assert found["Sales at a glance"].advice.startswith("Do not plan")


def test_nothing_built_is_one_line(tmp_path):
    with pytest.raises(TableError, match="Run `make build` first"):
        find(Settings(var_dir=tmp_path, root="", _env_file=None))


def test_findings_on_simulated_time_say_so_first(everything):
    for topic in ("Silent customers", "Sales forecast"):
        finding = everything.found[topic]
        assert finding.headline.startswith("SIMULATED: ")
        assert finding.chart.title.startswith("SIMULATED: ")


@pytest.mark.parametrize("state", ["without_models", "everything"])
def test_every_finding_has_a_slide_with_its_chart_and_data_kind(state, request, tmp_path):
    findings = request.getfixturevalue(state)
    deck = Presentation(str(write_presentation(findings, tmp_path / "x.pptx", MADE_AT)))
    slides = text_of(deck)
    assert all(findings.data_kind in text for text in slides)
    for topic, finding in findings.found.items():
        (text,) = (text for text in slides if topic.upper() in text.splitlines())
        assert finding.headline in text
        assert f"What to do: {finding.advice}" in text
        if finding.chart:
            assert finding.chart.title in text
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    drawn = [finding.chart for finding in findings.found.values() if finding.chart]
    for chart, wanted in zip(charts, drawn, strict=True):
        assert {series.name: tuple(series.values) for series in chart.plots[0].series} == (
            wanted.series
        )
    told = "\n".join(slides)
    assert all(f"{gap.topic}: " in told and gap.command in told for gap in findings.gaps)
    assert ("What is not known yet" in told) == bool(findings.gaps)


def test_nothing_on_a_slide_reaches_beyond_it(everything, tmp_path):
    deck = Presentation(str(write_presentation(everything, tmp_path / "x.pptx", MADE_AT)))
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left >= 0 and shape.left + shape.width <= deck.slide_width
            assert shape.top >= 0 and shape.top + shape.height <= deck.slide_height


def table_cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", page)
    return [
        [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in rows
    ]


def table_cells_of_markdown(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines
    return [
        [cell.strip() for cell in line[1:-1].split("|")]
        for line in lines
        if not line.startswith("|---")
    ]


def test_the_report_holds_the_same_claims_in_both_forms(everything, tmp_path):
    markdown, page = (path.read_text() for path in write_report(everything, tmp_path, MADE_AT))
    for finding in everything.found.values():
        assert f"**{finding.headline}.**" in markdown
        assert f"{finding.headline}.</h2>" in html.unescape(page)
    assert markdown.count("**What to do:**") == len(everything.found)
    assert page.count("<svg") == sum(1 for f in everything.found.values() if f.chart)
    assert table_cells(page) == table_cells_of_markdown(markdown)
    assert "2026-01-02 03:04 UTC" in markdown and "2026-01-02 03:04 UTC" in page
    assert "What is not known yet" not in markdown + page


def test_the_page_loads_nothing_and_shows_text_as_text(everything):
    page = report_html(everything, MADE_AT)
    assert not re.search(r'(src|href)="https?:', page.replace("xlink:href", ""))
    assert "`" not in page
