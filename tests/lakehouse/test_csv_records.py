import csv
import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lakehouse.data import csv_records
from lakehouse.data.bronze import PUBLISHED_COLUMNS
from lakehouse.data.csv_records import MAX_LINE_BYTES, TOO_LONG_KEPT_CHARS, inspect, read_batches
from lakehouse.errors import SourceFileError

HEADER = (
    "User_ID,Product_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
    "Marital_Status,Product_Category_1,Product_Category_2,Product_Category_3,Purchase"
)
ROW = "7,P7,F,26-35,4,B,2,0,1,6,14,1000"
FIELDS = ROW.split(",")

in_one_folder = hypothesis_settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def write(folder: Path, *lines: str | bytes, end: bytes = b"\n", name: str = "p.csv") -> Path:
    path = folder / name
    encoded = [line.encode() if isinstance(line, str) else line for line in lines]
    path.write_bytes(end.join([*encoded, b""]))
    return path


def read(path: Path, **options: int) -> list[dict]:
    inspection = inspect(path)
    batches = read_batches(path, inspection, **options)
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert len(rows) == inspection.rows, "the two passes must count the same records"
    return rows


def cells(row: dict) -> list[str | None]:
    return [row[name] for name in PUBLISHED_COLUMNS]


def defects(rows: list[dict]) -> list[tuple[int, str | None]]:
    return [(row["line_number"], row["landing_defect"]) for row in rows]


def message_of(path: Path) -> str:
    with pytest.raises(SourceFileError) as caught:
        inspect(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


# Files that read fine


def test_a_line_becomes_its_cells_as_published_and_the_line_itself(tmp_path):
    row = "1000001,P00069042,F,0-17,10,A,4+, 0 ,3,,,08370"
    [read_row] = read(write(tmp_path, HEADER, row))
    assert cells(read_row) == [
        *("1000001", "P00069042", "F", "0-17", "10", "A", "4+", " 0 ", "3"),
        *(None, None, "08370"),
    ]
    assert read_row["raw_line"] == row
    assert defects([read_row]) == [(2, None)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("last_end", [True, False], ids=["ended", "unended"])
def test_line_ends_and_a_byte_order_mark_leave_the_cells_alone(tmp_path, end, bom, last_end):
    content = bom + end.join([HEADER.encode(), ROW.encode(), ROW.encode()])
    path = tmp_path / "p.csv"
    path.write_bytes(content + (end if last_end else b""))
    rows = read(path)
    assert [cells(row) for row in rows] == [FIELDS, FIELDS]
    assert [row["raw_line"] for row in rows] == [ROW, ROW]


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path):
    names = [name.upper().replace("_", " ") + " " for name in reversed(HEADER.split(","))]
    rows = read(write(tmp_path, ",".join(names), ",".join(reversed(FIELDS))))
    assert cells(rows[0]) == FIELDS


def test_an_extra_column_is_kept_under_a_normalised_name(tmp_path):
    path = write(tmp_path, f"Coupon-Code %,{HEADER}", f"X1,{ROW}", f",{ROW}")
    assert inspect(path).extra_columns == ("coupon_code",)
    rows = read(path)
    assert [row["coupon_code"] for row in rows] == ["X1", None]
    assert cells(rows[0]) == FIELDS


def test_a_byte_order_mark_does_not_hide_the_quote_after_it(tmp_path):
    path = write(tmp_path, f'\ufeff"Coupon, code",{HEADER}', f"X1,{ROW}")
    assert inspect(path).extra_columns == ("coupon_code",)
    assert cells(read(path)[0]) == FIELDS


def test_gzip_is_known_by_its_content_and_makes_no_other_load(tmp_path):
    plain = write(tmp_path, HEADER, ROW)
    packed = tmp_path / "named_otherwise.csv"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert inspect(packed) == inspect(plain)
    assert inspect(packed).unpacked_bytes == plain.stat().st_size
    assert read(packed) == read(plain)


def test_blank_lines_are_no_records_but_keep_their_place_in_the_numbering(tmp_path):
    rows = read(write(tmp_path, HEADER, "", ROW, " \t", "", ROW, ""))
    assert defects(rows) == [(3, None), (6, None)]


def test_a_line_of_empty_cells_is_a_record_of_nulls(tmp_path):
    [row] = read(write(tmp_path, HEADER, "," * 11))
    assert cells(row) == [None] * 12
    assert row["landing_defect"] is None


def test_quoted_cells_may_hold_commas_and_doubled_quotes(tmp_path):
    [row] = read(write(tmp_path, HEADER, '7,"a,""b""",F,26-35,4,B,2,0,1,"",14,1000'))
    assert row["product_id"] == 'a,"b"'
    assert row["product_category_2"] is None


def test_other_separators_of_lines_in_unicode_do_not_end_a_line(tmp_path):
    [row] = read(write(tmp_path, HEADER, ROW.replace("P7", "P\u20287\x0b\x85")))
    assert row["product_id"] == "P\u20287\x0b\x85"


@in_one_folder
@given(
    table=st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=6),
            min_size=12,
            max_size=12,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_csv_writes_on_one_line_is_read_back(tmp_path, table):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(table)
    rows = read(write(tmp_path, HEADER, text.getvalue().removesuffix("\n")))
    assert [cells(row) for row in rows] == [[cell or None for cell in line] for line in table]


@in_one_folder
@given(
    body=st.lists(st.sampled_from([b"a", b",", b'"', b" ", b"\r", b"\n", b"\xe9", b"xyz"])).map(
        b"".join
    ),
    block_bytes=st.integers(1, 9),
    batch_rows=st.integers(1, 4),
    line_bytes=st.integers(len(HEADER) + 1, len(HEADER) + 9),
)
def test_both_passes_find_the_records_that_splitting_at_line_feeds_finds(
    tmp_path, body, block_bytes, batch_rows, line_bytes
):
    body += b"\n" + b"z" * 170 + b"\n" + b" " * 180 + b"\n"
    path = tmp_path / "p.csv"
    path.write_bytes(HEADER.encode() + b"\n" + body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_records, "_BLOCK_BYTES", block_bytes)
        patch.setattr(csv_records, "MAX_LINE_BYTES", line_bytes)
        rows = read(path, batch_rows=batch_rows)
    expected = [number for number, line in enumerate(body.split(b"\n"), start=2) if line.strip()]
    assert [row["line_number"] for row in rows] == expected


def test_batches_hold_at_most_the_rows_asked_for(tmp_path):
    path = write(tmp_path, HEADER, *[ROW] * 7)
    batches = list(read_batches(path, inspect(path), batch_rows=3))
    assert [batch.num_rows for batch in batches] == [3, 3, 1]


def test_long_lines_end_a_batch_before_it_has_its_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_records, "_BATCH_BYTES", 2 * len(ROW))
    path = write(tmp_path, HEADER, *[ROW] * 5)
    batches = list(read_batches(path, inspect(path)))
    assert [batch.num_rows for batch in batches] == [2, 2, 1]


# Lines that cannot be split


@pytest.mark.parametrize(
    ("line", "defect"),
    [
        ("7,P7,F", "wrong_field_count"),
        (f"{ROW},1", "wrong_field_count"),
        ("7", "wrong_field_count"),
        (f'"{ROW}', "unbalanced_quote"),
        (ROW.replace("P7", '"P"7'), "unbalanced_quote"),
        (ROW.encode().replace(b"P7", b"P\xe97"), "not_utf8"),
    ],
    ids=["too_few", "too_many", "one", "open_quote", "text_after_quote", "latin_1"],
)
def test_a_bad_line_is_kept_as_evidence_and_harms_no_other(tmp_path, line, defect):
    rows = read(write(tmp_path, HEADER, ROW, line, ROW))
    assert defects(rows) == [(2, None), (3, defect), (4, None)]
    assert cells(rows[1]) == [None] * 12
    assert [cells(rows[0]), cells(rows[2])] == [FIELDS, FIELDS]
    shown = line if isinstance(line, str) else "7,P\\xe97,F,26-35,4,B,2,0,1,6,14,1000"
    assert rows[1]["raw_line"] == shown


def test_a_line_break_in_quotes_gives_two_defective_records(tmp_path):
    first, second = '7,"P', '7",F,26-35,4,B,2,0,1,6,14,1000'
    rows = read(write(tmp_path, HEADER, first, second, ROW))
    assert defects(rows) == [(2, "unbalanced_quote"), (3, "wrong_field_count"), (4, None)]
    assert [row["raw_line"] for row in rows] == [first, second, ROW]


def test_a_quoted_cell_longer_than_the_limit_of_csv_is_read(tmp_path):
    long_cell = "x" * 200_000
    [row] = read(write(tmp_path, HEADER, ROW.replace("P7", f'"{long_cell}"')))
    assert row["product_id"] == long_cell


@pytest.mark.parametrize(("excess", "defect"), [(0, "wrong_field_count"), (1, "line_too_long")])
def test_the_bound_of_a_line_counts_its_line_end(tmp_path, excess, defect):
    line = "x" * (MAX_LINE_BYTES - 1 + excess)
    rows = read(write(tmp_path, HEADER, line, ROW))
    assert defects(rows) == [(2, defect), (3, None)]


def test_a_long_line_that_begins_with_blanks_is_a_record_and_one_of_blanks_is_not(tmp_path):
    blanks = " " * (MAX_LINE_BYTES + 1)
    rows = read(write(tmp_path, HEADER, blanks + "x", blanks, ROW))
    assert defects(rows) == [(2, "line_too_long"), (4, None)]


def test_a_line_that_is_too_long_keeps_whole_characters_of_its_start(tmp_path):
    rows = read(write(tmp_path, HEADER, "\U0001f6d2" * (MAX_LINE_BYTES // 4 + 1), ROW))
    assert rows[0]["raw_line"] == "\U0001f6d2" * TOO_LONG_KEPT_CHARS


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_line_of_100_megabytes_is_never_held_in_memory(tmp_path, packed):
    path = tmp_path / "p.csv"
    with gzip.open(path, "wb", compresslevel=1) if packed else path.open("wb") as file:
        file.write(HEADER.encode() + b"\n")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + ROW.encode())
    tracemalloc.start()
    try:
        rows = read(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert defects(rows) == [(2, "line_too_long"), (3, None)]
    assert rows[0]["raw_line"] == "x" * TOO_LONG_KEPT_CHARS
    assert peak_bytes < 16 * 1024 * 1024


# Files that are refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (HEADER.encode(), "no records"),
        (f"{HEADER}\n\n  \n".encode(), "no records"),
        (f"\n{HEADER}\n{ROW}\n".encode(), "line 1 is ''"),
        (HEADER.replace(",Age", "").encode() + b"\n1", "no column age;"),
        (HEADER.replace("Product_ID", "ProductID").encode() + b"\n1", "'ProductID' meant as"),
        (HEADER.replace(",", ";").encode() + b"\n1", "line 1 is 'User_ID;Product_ID"),
        (f"{HEADER},user id\n{ROW},1".encode(), "'User_ID' and 'user id' are both named user_id"),
        (f"{HEADER},A b,a-B\n{ROW},1,1".encode(), "'A b' and 'a-B' are both named a_b"),
        (f"{HEADER},Raw Line\n{ROW},1".encode(), "'Raw Line' has the name of raw_line"),
        (f"{HEADER},Event-ID\n{ROW},1".encode(), "'Event-ID' has the name of event_id"),
        (f"{HEADER},\n{ROW},1".encode(), "column 13 has no usable name"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16"), "UTF-16"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16-le"), "NUL byte in line 1"),
        (f"{HEADER}\n{ROW}\n1,\0".encode(), f"NUL byte at offset {len(HEADER) + len(ROW) + 4}"),
        (b"PK\x03\x04...", "zip archive"),
        (b"\x89PNG\r\n\x1a\n", "line 1 is not UTF-8 (byte 0x89)"),
        (f"{HEADER},\udce9\n".encode(errors="surrogateescape"), "not UTF-8 (byte 0xe9)"),
        (f"{HEADER}\r{ROW}\r".encode(), "bare carriage return"),
        (f'"{HEADER}\n{ROW}'.encode(), "quotes of line 1"),
        (b"x" * (MAX_LINE_BYTES + 1), "no line end in the first 1048576 bytes"),
        (
            gzip.compress(f"{HEADER}\n{ROW}\n".encode(), mtime=0)[:-12],
            "gzip data is truncated or corrupt",
        ),
        (gzip.compress(b"x" * 99, mtime=0)[:-8] + b"\0" * 8, "gzip data is truncated or corrupt"),
        (b"\x1f\x8b" + b"\xff" * 40, "gzip data is truncated or corrupt"),
        (b"\x1f\x8b", "gzip data is truncated or corrupt"),
    ],
)
def test_a_file_that_cannot_be_landed_is_refused_with_its_reason(tmp_path, content, said):
    path = tmp_path / "p.csv"
    path.write_bytes(content)
    assert said in message_of(path)


def test_gzip_damaged_in_its_middle_is_refused(tmp_path):
    lines = "\n".join([HEADER, *(f"{n},{ROW}" for n in range(5_000))])
    packed = bytearray(gzip.compress(lines.encode()))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "p.csv"
    path.write_bytes(packed)
    assert "truncated or corrupt" in message_of(path)


def test_a_missing_file_is_refused(tmp_path):
    assert "no such file" in message_of(tmp_path / "absent.csv")


def test_a_folder_is_refused(tmp_path):
    assert "not a file" in message_of(tmp_path)


@pytest.mark.parametrize(
    ("error", "said"),
    [(PermissionError(13, "denied"), "no permission"), (OSError(5, "I/O error"), "I/O error")],
    ids=["permission", "disk"],
)
def test_a_file_that_the_system_does_not_let_read_is_refused(tmp_path, monkeypatch, error, said):
    path = write(tmp_path, HEADER, ROW)

    def refuse(*_args: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    assert said in message_of(path)


def test_a_file_that_changed_after_its_inspection_is_refused(tmp_path):
    path = write(tmp_path, HEADER, ROW)
    inspection = inspect(path)
    write(tmp_path, HEADER, ROW.replace("F", "M"))
    with pytest.raises(SourceFileError, match="changed while it was being read"):
        list(read_batches(path, inspection))


# The edition with ten columns

TEN = (
    "User_ID,Product_ID,Gender,Age,Occupation,City_Category,Stay_In_Current_City_Years,"
    "Marital_Status,Product_Category,Purchase"
)


def test_the_edition_with_one_category_has_it_as_the_first_and_no_others(tmp_path):
    [row] = read(write(tmp_path, TEN, "7,P7,F,26-35,4,B,2,0,5,1000"))
    assert cells(row) == ["7", "P7", "F", "26-35", "4", "B", "2", "0", "5", None, None, "1000"]
    assert row["landing_defect"] is None


def test_second_and_third_category_may_be_lacking(tmp_path):
    header = TEN.replace("Product_Category", "Product_Category_1")
    [row] = read(write(tmp_path, header, "7,P7,F,26-35,4,B,2,0,5,1000"))
    assert (row["product_category_1"], row["product_category_2"]) == ("5", None)


def test_a_mistyped_second_category_is_not_taken_for_a_lacking_one(tmp_path):
    path = write(tmp_path, HEADER.replace("Category_2", "Categorie_2"), ROW)
    assert "no column product_category_2; line 1 is" in message_of(path)
    assert "Is 'Product_Categorie_2' meant as product_category_2?" in message_of(path)


def test_without_any_category_the_first_is_missing(tmp_path):
    path = write(tmp_path, TEN.replace("Product_Category,", ""), "7,P7,F,26-35,4,B,2,0,1000")
    assert "no column product_category_1; line 1 is" in message_of(path)
