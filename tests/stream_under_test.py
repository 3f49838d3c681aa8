"""What tests do with a stream: a broker, the producer, the job, and what stands in bronze."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from fault_kinds import kind_of_broken
from kafka import KafkaConsumer, TopicPartition

from lakehouse.kafka.connection import client_options
from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.kafka.tables import RECORDS, records_path
from lakehouse.settings import PROJECT_DIR, Settings
from simulator.account import Account
from streaming.checkpoint import checkpoint_path

JOB = ("-m", "streaming.run")
PRODUCER = ("-m", "simulator", "produce")


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _kind_of_accepted(row: Mapping[str, Any]) -> str:
    if row["extra_fields"] is not None:
        return "extra_field"
    behind = row["kafka_timestamp"] - row["event_at"]
    if behind < timedelta(minutes=1):
        return "good"
    return "late" if behind < timedelta(minutes=15) else "too_late"


class StreamUnderTest:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A Python process of the project, in a process group of its own."""
        log = self.settings.var_dir / "logs" / "under-test.log"
        with log.open("a") as output:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_DIR,
                env=os.environ | self.settings.as_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *arguments: str, succeeds: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT_DIR,
            env=os.environ | self.settings.as_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    def produce(self, *arguments: str) -> Account:
        self.run(*PRODUCER, *arguments)
        return self.accounts()[-1]

    def load(self, *arguments: str) -> str:
        """Run the job until all that is in Kafka stands in bronze."""
        return self.run(*JOB, "--available-now", *arguments)

    def accounts(self) -> list[Account]:
        folder = self.settings.var_dir / "stream" / "accounts"
        return [Account.read(path) for path in sorted(folder.glob("*.json"))]

    def kill(self, process: subprocess.Popen[str], *, with_jvm: bool = True) -> None:
        """End a process at once, as a crash of the machine or of the process alone would."""
        if with_jvm:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()

    def lose_newest_commit(self, query: str = "*") -> None:
        """Delete the newest commit file of one query or of all, so that its batch is run again."""
        for folder in Path(checkpoint_path(self.settings, "")).glob(f"{query}/commits"):
            numbers = [int(path.name) for path in folder.glob("*") if path.name.isdigit()]
            if numbers:
                (folder / str(max(numbers))).unlink()
                (folder / f".{max(numbers)}.crc").unlink(missing_ok=True)

    def batches_without_commit(self) -> set[str]:
        folder = Path(checkpoint_path(self.settings, RECORDS))
        planned, done = (
            {path.name for path in (folder / log).glob("*") if path.name.isdigit()}
            for log in ("offsets", "commits")
        )
        return planned - done

    def bronze(self, topic: str, *columns: str) -> pa.Table:
        table = DeltaTable(records_path(self.settings))
        of_topic = [("topic", "=", topic)]
        return table.to_pyarrow_table(partitions=of_topic, columns=list(columns))

    def count_landed(self) -> int:
        return DeltaTable(records_path(self.settings)).count()

    def offsets_in_kafka(self, topic: str) -> Counter[tuple[int, int]]:
        consumer = KafkaConsumer(**client_options(self.settings))
        parts = [TopicPartition(topic, n) for n in range(MESSAGE_TYPES[topic].partitions)]
        ends = consumer.end_offsets(parts)
        consumer.close()
        return Counter((part.partition, n) for part in parts for n in range(ends[part]))

    def assert_exactly_once(self) -> None:
        """Every offset of Kafka stands in bronze exactly once, and nothing else does."""
        for topic in MESSAGE_TYPES:
            rows = self.bronze(topic, "kafka_partition", "kafka_offset").to_pydict()
            landed = Counter(zip(rows["kafka_partition"], rows["kafka_offset"], strict=True))
            wanted = self.offsets_in_kafka(topic)
            assert landed == wanted, (topic, (landed - wanted), (wanted - landed))

    def assert_accounted_for(self, *accounts: Account) -> None:
        """What was sent, by kind of fault, is what was accepted, rejected and repeated."""
        for topic in MESSAGE_TYPES:
            wanted = Counter()
            for account in accounts:
                wanted.update(account.sent[topic])
            assert self.landed_by_kind(topic) == wanted, topic

    def landed_by_kind(self, topic: str) -> Counter[str]:
        """Messages in bronze, by the kind of ``simulator.events.faults.FAULTS`` that they show."""
        kinds: Counter[str] = Counter()
        seen: set[str] = set()
        columns = ("is_valid", "event_id", "event_at", "kafka_timestamp", "extra_fields")
        rows = self.bronze(topic, *columns, "kafka_offset", "rejection_reason", "raw_value")
        for row in rows.sort_by("kafka_offset").to_pylist():
            if not row["is_valid"]:
                value = row["raw_value"] and row["raw_value"].decode(errors="replace")
                kinds[kind_of_broken(row["rejection_reason"], value)] += 1
            elif row["event_id"] in seen:
                kinds["duplicate"] += 1
            else:
                seen.add(row["event_id"])
                kinds[_kind_of_accepted(row)] += 1
        return kinds
