"""Cards, axes, bars and tips write a figure alike."""

import polars as pl
import pytest

from dashboard.charts import axis, bars, lines, scatter
from dashboard.formats import (
    AMOUNT,
    CHANGE,
    SCORE,
    SHARE,
    column_name,
    count_of,
    short,
    with_interval,
)

LARGE = pl.DataFrame({"name": ["A", "B"], "sum": [2_104_000_000, 900_000_000]})


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "-"), (0, "0"), (999_999, "999,999"), (1e6, "1.00 m"), (-2.5e9, "-2.50 bn")],
)
def test_amounts_keep_three_digits(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("unit", "low", "high", "texts"),
    [
        (AMOUNT, 0, 90e6, ["0", "20 m", "40 m", "60 m", "80 m"]),
        (AMOUNT, 0, 0, ["0"]),
        (AMOUNT, -2_000, 4_000, ["-2,000", "0", "2,000", "4,000"]),
        (count_of("rows"), 0, 2, ["0", "1", "2"]),
        (SHARE, 0, 1, ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]),
        (SHARE, 0, 0.012, ["0.0 %", "0.5 %", "1.0 %"]),
        (CHANGE, -0.02, 0.04, ["-2 %", "0 %", "+2 %", "+4 %"]),
        (SCORE, 0.52, 0.54, ["0.520", "0.525", "0.530", "0.535", "0.540"]),
    ],
)
def test_axes_are_written_in_the_letters_of_cards(unit, low, high, texts):
    places, written = unit.ticks(low, high)
    assert [text.replace("0.0 %", "0 %") for text in written] == [
        text.replace("0.0 %", "0 %") for text in texts
    ]
    assert len(places) == len(written)
    assert all(low - 1e-9 <= place <= high + 1e-9 for place in places)


def test_a_bar_its_tip_and_its_axis_agree_with_the_card():
    figure = bars(LARGE, "name", "sum", "light", unit=AMOUNT, title="sales")
    trace, across = figure["data"][0], figure["layout"]["xaxis"]
    assert trace["text"] == [short(value) for value in LARGE["sum"]] == ["2.10 bn", "900.00 m"]
    assert trace["hovertext"] == ["2.10 bn currency units", "900.00 m currency units"]
    assert across["title"]["text"] == "sales, currency units"
    assert across["ticktext"] == ["0", "0.5 bn", "1.0 bn", "1.5 bn", "2.0 bn"]


def test_no_figure_leaves_numbers_to_plotly():
    points = LARGE.with_columns(x=pl.Series([1, 1000]), kind=pl.lit("k"))
    figures = [
        bars(LARGE, "name", "sum", "dark", unit=AMOUNT),
        lines(points, "x", {"sum": "Sales"}, "dark", unit=AMOUNT, along_unit=count_of("")),
        scatter(
            points,
            "x",
            "sum",
            "name",
            "kind",
            "dark",
            units=(count_of(""), AMOUNT),
            titles=("", ""),
        ),
    ]
    for figure in figures:
        assert "tickformat" not in str(figure)
        assert all(":," not in trace["hovertemplate"] for trace in figure["data"])
    assert figures[2]["layout"]["yaxis"]["ticktext"][-1].endswith("bn")


def test_an_axis_of_losses_has_room_on_both_sides():
    across = axis(AMOUNT, -100, 100, room=0.1)
    assert across["range"] == [-120, 120]
    assert axis(AMOUNT, 0, 0)["range"] == [0, 1]


def test_a_click_on_a_bar_filters_by_its_key_and_not_by_its_name():
    figure = bars(LARGE, "name", "sum", "light", unit=AMOUNT, keys="name")
    assert figure["data"][0]["customdata"] == ["A", "B"]


def test_what_is_assumed_is_hatched():
    plain, assumed = (
        bars(LARGE, "name", "sum", "light", unit=AMOUNT, assumed=is_assumed)["data"][0]["marker"]
        for is_assumed in (False, True)
    )
    assert "pattern" not in plain
    assert assumed["pattern"]["shape"] == "/"


def test_a_line_that_is_still_growing_ends_hollow_and_dotted():
    frame = pl.DataFrame({"minute": [1, 2, 3], "sales": [5, 6, 1]})
    done, growing = lines(frame, "minute", {"sales": "S"}, "light", unit=AMOUNT, unfinished=True)[
        "data"
    ]
    assert done["y"] == [5, 6]
    assert (growing["y"], growing["line"]["dash"]) == ([6, 1], "dot")
    assert growing["marker"]["symbol"] == "circle-open"
    (single,) = lines(
        frame.head(1), "minute", {"sales": "S"}, "light", unit=AMOUNT, unfinished=True
    )["data"]
    assert single["mode"] == "markers"


def test_intervals_stand_behind_their_figure():
    assert with_interval(0.1438, 0.1315, 0.1568, SHARE) == "14.4 % [13.2 % to 15.7 %]"
    assert with_interval(4.0, None, None, SCORE) == "4.000"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("sum_purchase", "Sales"),
        ("count_purchases", "Purchases"),
        ("share_of_sales", "Share of sales"),
        ("p_value_holm", "p (Holm)"),
        ("kafka_partition", "Kafka partition"),
    ],
)
def test_columns_are_called_as_people_call_them(column, words):
    assert column_name(column) == words
