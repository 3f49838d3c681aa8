"""What files bring that differs from the published one: each fault ends in its place, with reasons.

The files of two landings, with dbt run after each, hold every fault at once; the tests then ask
where each record went.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from lakehouse_under_test import LakehouseUnderTest
from table_content import assert_same_rows, content_of

from lakehouse.data.csv_header import MODEL_COLUMNS
from lakehouse.data.csv_records import TOO_LONG_KEPT_CHARS
from lakehouse.data.landing import LandingResult
from simulator.purchases.generate import HEADER, generate

pytestmark = pytest.mark.integration

RUN = ("build", "--resource-type", "model", "--resource-type", "snapshot")
# What carries state from run to run; every other table is built anew from these, each time.
STATEFUL = (
    "config.materialized:incremental",
    "config.materialized:view",
    "category_price_bounds",
    "customers_snapshot",
)

LONG_LINE_BYTES = 100 * 1024 * 1024

REFRESHED = (
    "cleansed.category_price_bounds",
    "cleansed.cleansed_customers",
    "cleansed.cleansed_products",
    "cleansed.cleansed_purchases",
    "cleansed.screened_purchases",
    "quarantine.duplicate_purchases",
    "quarantine.rejected_purchases",
    "features.customer_first_purchases",
    "features.customer_product_interactions",
    "marts.fct_purchases",
)


def line(user: object, product: str = "P30000000", **changed: object) -> bytes:
    """A record that would be accepted, but for what is changed."""
    cells = {
        "user": user,
        "product": product,
        "gender": "M",
        "age": "26-35",
        "occupation": 4,
        "city": "B",
        "stay": 2,
        "married": 0,
        "category_1": 5,
        "category_2": "",
        "category_3": "",
        "purchase": 6000,
    }
    assert changed.keys() <= cells.keys()
    return ",".join(str(cell) for cell in (cells | changed).values()).encode()


FAULTS: dict[str, tuple[bytes, set[str]]] = {
    "too few cells": (b"3000001,P30000001,M,26-35", {"wrong_field_count"}),
    "too many cells": (line(3000002) + b",1", {"wrong_field_count"}),
    "one cell of text": (b"see the other sheet", {"wrong_field_count"}),
    "a quote that never ends": (line('"3000003'), {"unbalanced_quote"}),
    "bytes of another encoding": (line(3000004, "Caf") + b"\xe9", {"not_utf8"}),
    "text in the purchase": (
        line(3000005, purchase="twelve"),
        {"purchase_is_no_whole_number"},
    ),
    "cents in the purchase": (
        line(3000006, purchase="59.95"),
        {"purchase_is_no_whole_number"},
    ),
    "text in a category": (
        line(3000007, category_2="toys"),
        {"product_category_2_is_no_whole_number"},
    ),
    "text in the user": (line("U3000008"), {"user_id_is_no_whole_number"}),
    "a negative purchase": (line(3000009, purchase=-6000), {"purchase_is_not_positive"}),
    "a purchase of zero": (line(3000010, purchase=0), {"purchase_is_not_positive"}),
    "no purchase": (line(3000011, purchase=""), {"purchase_is_missing"}),
    "an absurd purchase": (line(3000012, purchase=100_001), {"purchase_is_absurd"}),
    "an unknown age band": (line(3000013, age="26-36"), {"age_is_unknown"}),
    "an unknown city": (line(3000014, city="D"), {"city_category_is_unknown"}),
    "an unknown gender": (line(3000015, gender="X"), {"gender_is_unknown"}),
    "an unknown occupation": (line(3000016, occupation=21), {"occupation_is_unknown"}),
    "an unknown marital status": (line(3000017, married=2), {"marital_status_is_unknown"}),
    "an unknown stay": (line(3000018, stay=5), {"stay_in_current_city_years_is_unknown"}),
    "an unknown category": (line(3000019, category_1=21), {"product_category_1_is_unknown"}),
    "no user": (line(""), {"user_id_is_missing"}),
    "a user of blanks": (line("   "), {"user_id_is_missing"}),
    "a negative user": (line(-3000020), {"user_id_is_not_positive"}),
    "no product": (line(3000021, ""), {"product_id_is_missing"}),
    "no category": (line(3000022, category_1=""), {"product_category_1_is_missing"}),
    "no gender": (line(3000023, gender=""), {"gender_is_missing"}),
    "no age band": (line(3000024, age=""), {"age_is_missing"}),
    "no city": (line(3000025, city=""), {"city_category_is_missing"}),
    "many faults at once": (
        line("x", "", gender="?", age="old", occupation="", city="Z", purchase=-1),
        {
            "user_id_is_no_whole_number",
            "product_id_is_missing",
            "gender_is_unknown",
            "age_is_unknown",
            "occupation_is_missing",
            "city_category_is_unknown",
            "purchase_is_not_positive",
        },
    ),
    "a line break in a cell, its first half": (b'3000026,"P30000', {"unbalanced_quote"}),
    "a line break in a cell, its second half": (
        b'026",M,26-35,4,B,2,0,5,,,6000',
        {"wrong_field_count"},
    ),
    "a line of 100 MB": (b"9" * LONG_LINE_BYTES, {"line_too_long"}),
}

GOOD = {
    "plain": line(3000101),
    "lower case, blanks and a decimal point": b" 3000102 , P30000102 ,f,26-35,4,b,2,0,5.0,,,6000.0",
    "quoted cells": b'"3000103","P30000103","M","26-35","4","B","2","0","5","","","6000"',
    "moves to another city later": line(3000104, "P30000104", city="A"),
    "first of two equal": line(3000105, "P30000105"),
    "first of two prices": line(3000106, "P30000106"),
    "first of two category layouts": line(3000107, "P30000107", category_2=8),
    "first of two genders": line(3000108, "P30000108", gender="F"),
    "repeated by the later file": line(3000109, "P30000109"),
    "contradicted by the later file": line(3000110, "P30000110"),
    "of another gender in the later file": line(3000111, "P30000111", gender="F"),
    # The later file lowers the price level of category 19, so that this one is flagged anew.
    "flagged anew, and older than the next": line(
        3000112, "P30000112", city="A", category_1=19, purchase=38
    ),
    "newest of its customer": line(3000112, "P30000113", city="C"),
}

# Contradictions within one file: name -> line, the accepted one, and the reasons; no reason means
# a duplicate.
REPEATS: dict[str, tuple[bytes, str, set[str]]] = {
    "an equal row": (line(3000105, "P30000105"), "first of two equal", set()),
    "an equal row in another notation": (
        line("3000105 ", "P30000105", gender="m", category_1="5.0"),
        "first of two equal",
        set(),
    ),
    "another price": (
        line(3000106, "P30000106", purchase=6001),
        "first of two prices",
        {"conflicts_with_accepted_purchase"},
    ),
    "the same category in another column": (
        line(3000107, "P30000107", category_3=8),
        "first of two category layouts",
        {"conflicts_with_accepted_purchase"},
    ),
}
OTHER_GENDER = line(3000108, "P30000999", gender="M")

LATER_REPEATS: dict[str, tuple[bytes, str, set[str]]] = {
    "an equal row in a later file": (
        line(3000109, "P30000109"),
        "repeated by the later file",
        set(),
    ),
    "another price in a later file": (
        line(3000110, "P30000110", purchase=1),
        "contradicted by the later file",
        {"conflicts_with_accepted_purchase"},
    ),
}
LATER_OTHER_GENDER = line(3000111, "P30000999", gender="M")
MOVED = line(3000104, "P30000999", city="C")
CHEAP = [line(3000200 + n, f"P3001{n:04}", category_1=19, purchase=10) for n in range(100)]


@dataclass(frozen=True)
class Story:
    """The landings, and what stood in the lakehouse after the second run.

    Attributes:
        first, other_notation, older_edition, two_cities: loads before the first run and, of the
            notation with a byte order mark and CRLF, before the second.
        later: the load between the runs.
        first_ids, later_ids: line -> its record, of ``first`` and of ``later``.
        tables: name -> rows after the second run.
        refreshed: name -> rows after a full refresh.
    """

    first: LandingResult
    later: LandingResult
    other_notation: LandingResult
    older_edition: LandingResult
    two_cities: LandingResult
    first_ids: dict[bytes, str]
    later_ids: dict[bytes, str]
    tables: dict[str, pd.DataFrame]
    refreshed: dict[str, pd.DataFrame]

    def one(self, table: str, **key: Any) -> dict[str, Any]:
        """The one row of a table that has these values."""
        found = self.tables[table]
        for column, value in key.items():
            found = found[found[column] == value]
        assert len(found) == 1, f"{len(found)} rows of {table} have {key}"
        return found.iloc[0].to_dict()


def land_bytes(
    lakehouse: LakehouseUnderTest, folder: Path, name: str, content: bytes
) -> LandingResult:
    path = folder / f"{name}.csv"
    path.write_bytes(content)
    landed = lakehouse.land(path)
    path.unlink()
    return landed


def file_of(lines: list[bytes], *, line_end: bytes = b"\n", start: bytes = b"") -> bytes:
    return start + line_end.join([HEADER.encode(), *lines]) + line_end


def numbered(landed: LandingResult, lines: list[bytes]) -> Iterator[tuple[bytes, str]]:
    for number, text in enumerate(lines, start=2):
        yield text, f"csv:{landed.load_id}:{number}"


def older_edition(folder: Path) -> bytes:
    """A small file of the 2018 edition, its users moved out of the way of the other loads."""
    path = folder / "2018.csv"
    generate(path, rows=400, seed=7, edition="2018")
    header, *lines = path.read_bytes().splitlines()
    moved = [str(int(text[:7]) + 3_000_000).encode() + text[7:] for text in lines]
    return b"\n".join([header, *moved]) + b"\n"


@pytest.fixture(scope="module")
def story(
    lakehouse: LakehouseUnderTest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("landed")
    lines = [
        *(text for text, _ in FAULTS.values()),
        *GOOD.values(),
        *(text for text, _, _ in REPEATS.values()),
        OTHER_GENDER,
    ]
    # The same line twice would have but one place in first_ids.
    lines = [text + b" " * (lines[:position].count(text)) for position, text in enumerate(lines)]
    first = land_bytes(lakehouse, folder, "first", file_of(lines))
    edition = land_bytes(lakehouse, folder, "2018", older_edition(folder))
    # Blank lines are no records, but they count as lines: these two stand in lines 9 and 10.
    cities = [b""] * 7 + [line(3000113, f"P3000{city}", city=city) for city in "AC"]
    two_cities = land_bytes(lakehouse, folder, "cities", file_of(cities))
    lakehouse.dbt(*RUN, "-s", *STATEFUL)

    later_lines = [
        *(text for text, _, _ in LATER_REPEATS.values()),
        LATER_OTHER_GENDER,
        MOVED,
        *CHEAP,
    ]
    later = land_bytes(lakehouse, folder, "later", file_of(later_lines))
    notation = file_of([*GOOD.values()], line_end=b"\r\n", start=b"\xef\xbb\xbf")
    other_notation = land_bytes(lakehouse, folder, "notation", notation)
    lakehouse.dbt(*RUN, "-s", *STATEFUL, "+dim_customer_history", "load_audit")
    names = (*REFRESHED, "marts.dim_customer_history", "marts.load_audit")
    tables = {name: content_of(lakehouse.table(name)) for name in names}

    lakehouse.dbt(*RUN, "-s", *STATEFUL, "--full-refresh")
    yield Story(
        first=first,
        later=later,
        other_notation=other_notation,
        older_edition=edition,
        two_cities=two_cities,
        first_ids=dict(numbered(first, lines)),
        later_ids=dict(numbered(later, later_lines)),
        tables=tables,
        refreshed={name: content_of(lakehouse.table(name)) for name in REFRESHED},
    )


def as_shown(text: bytes) -> str:
    """How quarantine shows a line."""
    return text[: 4 * TOO_LONG_KEPT_CHARS].decode(errors="backslashreplace")[:TOO_LONG_KEPT_CHARS]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_row_stands_in_quarantine_with_all_its_reasons_and_its_line(story, fault):
    text, reasons = FAULTS[fault]
    row = story.one("quarantine.rejected_purchases", record_id=story.first_ids[text])
    assert sorted(row["rejection_reasons"]) == sorted(reasons)
    assert row["raw_line"] == as_shown(text)


@pytest.mark.parametrize("repeat", [*REPEATS, *LATER_REPEATS])
def test_a_repeated_event_is_kept_apart_and_names_the_accepted_record(story, repeat):
    text, accepted, reasons = (REPEATS | LATER_REPEATS)[repeat]
    ids = story.first_ids if repeat in REPEATS else story.later_ids
    # A line equal to an earlier one of its file was given a blank at its end.
    record_id = ids.get(text + b" ", ids[text])
    where = "rejected" if reasons else "duplicate"
    row = story.one(f"quarantine.{where}_purchases", record_id=record_id)
    assert row["accepted_record_id"] == story.first_ids[GOOD[accepted]]
    assert row["raw_line"].rstrip() == text.decode()
    assert set(row.get("rejection_reasons", ())) == reasons


@pytest.mark.parametrize("text", [OTHER_GENDER, LATER_OTHER_GENDER], ids=["same file", "later"])
def test_a_customer_of_two_genders_keeps_the_first(story, text):
    record_id = (story.first_ids | story.later_ids)[text]
    row = story.one("quarantine.rejected_purchases", record_id=record_id)
    assert list(row["rejection_reasons"]) == ["gender_contradicts_customer"]
    assert row["raw_line"] == text.decode()
    customer = story.one("cleansed.cleansed_customers", user_id=int(text.split(b",")[0]))
    assert customer["gender"] == "F"


@pytest.mark.parametrize("good", GOOD)
def test_a_good_row_is_accepted_beside_the_faulty_ones(story, good):
    record_id = story.first_ids[GOOD[good]]
    assert story.one("cleansed.cleansed_purchases", record_id=record_id)["purchase"] in (6000, 38)


def test_a_byte_order_mark_and_crlf_change_no_value(story):
    """Each of its rows repeats the plain file's row: equal content is what makes a duplicate."""
    duplicates = story.tables["quarantine.duplicate_purchases"]
    found = duplicates[duplicates["load_id"] == story.other_notation.load_id]
    assert set(found["accepted_record_id"]) == {story.first_ids[text] for text in GOOD.values()}


def test_a_file_with_a_column_that_the_models_add_is_refused_before_it_lands(lakehouse, story):
    added = {
        name
        for table in (
            "staging.stg_csv__purchases",
            "cleansed.landed_purchases",
            "cleansed.screened_purchases",
            "cleansed.cleansed_purchases",
        )
        for name, *_ in lakehouse.sql(f"describe {table}")
    }
    of_files = {name for name, *_ in lakehouse.sql("describe bronze.csv_purchases")}
    # `describe` ends with a heading and the partitions of the table.
    added = {name for name in added if name.isidentifier()}
    assert added - of_files <= MODEL_COLUMNS
    assert {"event_id", "verdict", "cleansed_at", "cleansed_version"} <= added - of_files


def test_every_row_of_the_older_edition_is_accepted(story):
    audit = story.one("marts.load_audit", load_id=story.older_edition.load_id)
    assert (audit["count_in_file"], audit["count_accepted"]) == (400, 400)
    purchases = story.tables["cleansed.cleansed_purchases"]
    second = purchases[purchases["load_id"] == story.older_edition.load_id]["product_category_2"]
    # The file prints them as 8.0.
    assert second.notna().any()
    assert second.dropna().between(1, 18).all()


@pytest.mark.parametrize(
    "load", ["first", "later", "other_notation", "older_edition", "two_cities"]
)
def test_every_landed_row_ends_in_exactly_one_place(story, load):
    landed = getattr(story, load)
    places = {
        "count_accepted": "cleansed.cleansed_purchases",
        "count_rejected": "quarantine.rejected_purchases",
        "count_duplicates": "quarantine.duplicate_purchases",
    }
    audit = story.one("marts.load_audit", load_id=landed.load_id)
    rows = {}
    for count, table in places.items():
        found = story.tables[table]
        rows[count] = found[found["load_id"] == landed.load_id]["record_id"]
    assert {count: audit[count] for count in places} == {
        count: len(ids) for count, ids in rows.items()
    }
    assert sum(map(len, rows.values())) == audit["count_in_file"] == landed.rows
    assert len(set().union(*rows.values())) == landed.rows


@pytest.mark.parametrize("table", REFRESHED)
def test_incremental_runs_give_what_a_full_refresh_gives_late_rows_included(story, table):
    assert_same_rows(story.tables[table], story.refreshed[table], name=table)


def test_the_newest_record_of_a_customer_is_the_later_line_of_the_file(story):
    assert story.one("cleansed.cleansed_customers", user_id=3000113)["city_category"] == "C"


def test_an_old_purchase_that_is_flagged_anew_says_nothing_new_of_its_customer(story):
    flagged = story.one(
        "cleansed.cleansed_purchases",
        record_id=story.first_ids[GOOD["flagged anew, and older than the next"]],
    )
    # Far above the lowered prices, which it was not when it landed.
    assert flagged["category_price_quintile"] == 5
    assert story.one("cleansed.cleansed_customers", user_id=3000112)["city_category"] == "C"


def test_a_customer_who_moves_has_two_states_and_the_landing_of_the_second_ends_the_first(story):
    history = story.tables["marts.dim_customer_history"]
    states = history[history["user_id"] == 3000104].sort_values("valid_from")
    landed = {
        load: story.one("marts.load_audit", load_id=getattr(story, load).load_id)["landed_at"]
        for load in ("first", "later")
    }
    assert states["city_category"].tolist() == ["A", "C"]
    assert states["valid_from"].tolist() == [landed["first"], landed["later"]]
    assert states["valid_to"].iloc[0] == landed["later"]
    assert states["valid_to"].isna().tolist() == [False, True]
    assert states["is_current"].tolist() == [False, True]


def test_a_row_keeps_its_simulated_time_through_a_full_refresh(story):
    record_ids = {story.first_ids[text] for text in GOOD.values()}
    times = []
    for rows in (
        story.tables["cleansed.cleansed_purchases"],
        story.refreshed["cleansed.cleansed_purchases"],
    ):
        mine = rows[rows["record_id"].isin(record_ids)]
        times.append(dict(zip(mine["record_id"], mine["simulated_event_at"], strict=True)))
    assert times[0] == times[1]
    assert times[0].keys() == record_ids
    weekend = [dt.datetime(2018, 11, day, tzinfo=dt.UTC) for day in (23, 26)]
    assert all(weekend[0] <= moment < weekend[1] for moment in times[0].values())
