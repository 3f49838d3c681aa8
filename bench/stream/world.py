"""A broker, producers and a job of the benchmark's own, beside those of the user."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psutil
import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.errors import StreamError
from lakehouse.kafka.tables import records_path
from lakehouse.services import supervisor
from lakehouse.settings import PROJECT_DIR, Settings
from simulator.account import Account
from streaming import health
from streaming.live_tables import STREAM_METRICS, live_path

__all__ = ["Sent", "World", "new_world"]

_START_SECONDS = 180
_STOP_SECONDS = 120
# More rounds of the file than one producer of any run can send.
_ROUNDS = 10
# One process of Python sends no more than that beside the others, on two cores.
_RATE_OF_A_PRODUCER = 10_000


@dataclass(frozen=True)
class Sent:
    """What producers sent side by side.

    Attributes:
        messages: how many, all acknowledged.
        achieved: messages per second of all of them together.
        since: when the last one began, in seconds since 1970.
        until: when the first one had sent its last message.
    """

    messages: int
    achieved: float
    since: float
    until: float


class World:
    """What the benchmark does with its stream."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._next_round = 0

    def produce(self, seconds: float, rate: int | None, seed: int) -> Sent:
        """Send for so long at a rate, or as fast as can be; never an event id a second time.

        Live aggregates and predictions pass over an event that they have had: a load of those
        would be none.

        Raises:
            StreamError: a producer failed.
        """
        count = 1 if rate is None else -(-rate // _RATE_OF_A_PRODUCER)
        each = [] if rate is None else ["--rate", str(rate / count)]
        known = set(self._accounts())
        producers = [
            self._start(
                "simulator",
                "produce",
                *("--duration", str(seconds), "--seed", str(seed)),
                *("--rounds", str(_ROUNDS), "--first-round", str(self._next_round + of * _ROUNDS)),
                *each,
            )
            for of in range(count)
        ]
        self._next_round += count * _ROUNDS
        for producer in producers:
            if producer.wait() != 0:
                raise StreamError(f"A producer failed while it was measured; see {self._log}")
        accounts = [Account.read(path) for path in set(self._accounts()) - known]
        starts = [datetime.fromisoformat(account.started_at).timestamp() for account in accounts]
        return Sent(
            messages=sum(account.messages for account in accounts),
            achieved=sum(account.achieved_rate for account in accounts),
            since=max(starts),
            until=min(
                start + account.messages / account.achieved_rate
                for start, account in zip(starts, accounts, strict=True)
            ),
        )

    def warm_up(self, seconds: float, rate: int, seed: int) -> None:
        """Send for a while, and wait for a job that runs to have it all in bronze.

        Raises:
            StreamError: a producer failed, or the job does not get there.
        """
        before = self.count_landed()
        sent = self.produce(seconds, rate, seed)
        deadline = time.monotonic() + _START_SECONDS
        while self.count_landed() < before + sent.messages:
            if time.monotonic() > deadline:
                raise StreamError(f"The job does not keep up with {rate} per second; {self._log}")
            time.sleep(0.5)

    def load(self, *arguments: str) -> None:
        """Run the job until all that is in Kafka is in bronze.

        Raises:
            StreamError: it failed.
        """
        if self._start("streaming.run", "--available-now", *arguments).wait() != 0:
            raise StreamError(f"The job failed while it was measured; see {self._log}")

    @contextmanager
    def live_job(self, *arguments: str) -> Iterator[psutil.Process]:
        """A job that goes on until the end of the block.

        Raises:
            StreamError: it does not start.
        """
        job = self._start("streaming.run", *arguments)
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not health.answers(self.settings):
                if job.poll() is not None or time.monotonic() > deadline:
                    raise StreamError(f"The job does not start; see {self._log}")
                time.sleep(0.5)
            yield psutil.Process(job.pid)
        finally:
            job.send_signal(signal.SIGTERM)
            try:
                job.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                job.kill()

    def count_landed(self) -> int:
        """Records in bronze."""
        return DeltaTable(records_path(self.settings)).count()

    def metrics(self, columns: Sequence[str]) -> pa.Table:
        """Columns of ``live.stream_metrics``."""
        table = DeltaTable(live_path(STREAM_METRICS, self.settings))
        return table.to_pyarrow_table(columns=list(columns))

    @property
    def _log(self) -> Path:
        return self.settings.var_dir / "logs" / "bench.log"

    def _accounts(self) -> list[Path]:
        return list((self.settings.var_dir / "stream" / "accounts").glob("*.json"))

    def _start(self, module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with self._log.open("a") as output:
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=PROJECT_DIR,
                env=os.environ | self.settings.as_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )


@contextmanager
def new_world(settings: Settings, report: Callable[[str], None]) -> Iterator[World]:
    """A fresh broker on ports and in a folder of its own; all of it is gone at the end.

    The models are those of the user's registry.
    """
    folder = settings.var_dir / "bench-stream"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "jars").symlink_to(settings.var_dir / "jars")
    own = settings.model_copy(
        update={
            "var_dir": folder,
            "root": "",
            "kafka_bootstrap_servers": "",
            "kafka_port": _free_port(),
            "kafka_controller_port": _free_port(),
            "mlflow_tracking_uri": settings.tracking_uri,
        }
    )
    supervisor.up(["kafka"], own, report)
    try:
        yield World(own)
    finally:
        supervisor.down(own)
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
