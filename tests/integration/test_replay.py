"""A rejected record is written out, mended, landed again, and becomes a purchase."""

import pytest

from lakehouse.data.replay import write_replay

pytestmark = pytest.mark.integration

MODELS = ("run", "-s", "+cleansed_purchases", "rejected_purchases")
NO_SUCH_AGE = "5900001,P59000001,F,26-36,10,A,2,0,3,,,8370"
NO_FIELDS = "5900002,P59000002,F,26-35,10,A,2,0,3,,8371"


def test_a_mended_record_is_accepted_and_the_rejected_one_stays_as_evidence(lakehouse, tmp_path):
    landed = lakehouse.land_lines(tmp_path, NO_SUCH_AGE, NO_FIELDS)
    lakehouse.dbt(*MODELS)
    files = write_replay(lakehouse.settings, landed.load_id, tmp_path)
    mended = files.records.read_text()
    assert mended.count("26-36") == mended.count(NO_FIELDS) == 1
    mended = mended.replace("26-36", "26-35").replace(NO_FIELDS, f"{NO_FIELDS[:-5]},,8371")
    files.records.write_text(mended)
    again = lakehouse.land(files.records)
    lakehouse.dbt(*MODELS)
    accepted = lakehouse.sql(
        "select user_id, age, purchase, load_id from cleansed.cleansed_purchases"
        " where user_id in (5900001, 5900002) order by user_id"
    )
    assert accepted == [
        (5900001, "26-35", 8370, again.load_id),
        (5900002, "26-35", 8371, again.load_id),
    ]
    rejected = lakehouse.table("quarantine.rejected_purchases")
    loads = rejected.to_pyarrow_table(columns=["load_id"])["load_id"].to_pylist()
    assert (loads.count(landed.load_id), loads.count(again.load_id)) == (2, 0)
