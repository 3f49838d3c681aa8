"""The section of the benchmark tells times, ratios and the kind of data."""

from ml.bench import Comparison, section_of


def test_a_ratio_is_sparks_time_over_the_others():
    assert Comparison("gbt", 6.0, "XGBoost", 2.0).ratio == 3.0


def test_the_section_names_the_data_and_every_fit():
    text = section_of([Comparison("gbt", 6.0, "XGBoost", 2.0)], 12_345.6, 900, 440_529, "real")
    assert "**real** data, 440,529 training rows" in text
    assert "| gbt | 6.0 | XGBoost | 2.0 | 3.0 |" in text
    assert "12,346 purchases a second" in text
    assert "900 MiB" in text
