"""The Spark session of the streaming job, and its queries' fair shares of it."""

from pyspark.sql import SparkSession

from lakehouse.kafka.contract import MESSAGE_TYPES
from lakehouse.settings import Settings
from lakehouse.spark import spark_session

__all__ = ["stream_session", "use_pool"]

_STATE_STORE = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
# Hadoop starts `chmod` for every file that it writes and `readlink` before it renames one, a dozen
# processes a batch. These go without; `LocalLogStore` locks in this process, as Hadoop's own rename
# does not either look and move in one step, so there is one writing process as before.
_LOCAL_FILES = {
    "spark__hadoop__fs__file__impl": "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem",
    "spark__delta__logStore__file__impl": "io.delta.storage.LocalLogStore",
    "spark__sql__streaming__checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing."
        "FileSystemBasedCheckpointFileManager"
    ),
}


def stream_session(settings: Settings) -> SparkSession:
    """The Spark session of the job."""
    session = spark_session(
        "lakehouse-stream",
        settings,
        # The queries share two cores: a long batch of one must not hold up the others.
        spark__scheduler__mode="FAIR",
        # Event ids of one topic, a few thousand a second, are no work for two tasks.
        spark__sql__shuffle__partitions="1",
        spark__databricks__delta__snapshotPartitions="1",
        # Planning anew after each stage helps large queries; here it is most of what a batch does
        # to learn from Delta's log which batches the table holds.
        spark__sql__adaptive__enabled="false",
        spark__sql__parquet__compression__codec="zstd",
        # A batch writes a file for each topic side by side, instead of sorting its rows by topic.
        spark__sql__maxConcurrentOutputFileWriters=str(len(MESSAGE_TYPES)),
        # Event ids of ten minutes are too many for the heap; a batch saves what it changed only.
        spark__sql__streaming__stateStore__providerClass=_STATE_STORE,
        spark__sql__streaming__stateStore__rocksdb__changelogCheckpointing__enabled="true",
        # The job reads the progress of finished batches once a second.
        spark__sql__streaming__numRecentProgressUpdates="50",
        # So that a query which found nothing soon says so; `streaming.health --wait` asks for it.
        spark__sql__streaming__noDataProgressEventInterval="1000",
        # What OPTIMIZE puts together, in a table that grows by a small file a second; a file of
        # the upper size is left alone from then on.
        spark__databricks__delta__optimize__minFileSize=str(16 * 1024**2),
        spark__databricks__delta__optimize__maxFileSize=str(64 * 1024**2),
        spark__databricks__delta__optimize__maxThreads="1",
        **(_LOCAL_FILES if settings.spark_master.startswith("local") else {}),
    )
    session.sparkContext.setLogLevel("WARN")
    return session


def use_pool(spark: SparkSession, name: str) -> None:
    """Give what this thread starts from now on a share of its own; without, all would queue up."""
    spark.sparkContext.setLocalProperty("spark.scheduler.pool", name)
