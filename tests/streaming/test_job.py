"""What the job asks before it starts anything. No Spark, no Kafka."""

from pathlib import Path

import pytest

from lakehouse.errors import TableError
from lakehouse.settings import Settings
from streaming.job import run_job
from streaming.options import JobOptions


def test_a_job_beside_tables_of_an_earlier_version_is_refused_with_the_command_to_run(tmp_path):
    settings = Settings(var_dir=tmp_path, root="", _env_file=None)
    Path(settings.table_path("bronze", "kafka_purchases")).mkdir(parents=True)
    with pytest.raises(TableError, match="-m lakehouse migrate"):
        run_job(settings, JobOptions(), print)
    assert not Path(settings.table_path("bronze", "kafka_records")).exists()
