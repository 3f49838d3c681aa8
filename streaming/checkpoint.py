"""Where a query goes on: its checkpoint, or, when that is gone, the table that it wrote."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path

from deltalake import DeltaTable

from lakehouse.errors import StreamError
from lakehouse.settings import Settings
from lakehouse.storage import delete, join, names_in, read_text

__all__ = ["checkpoint_path", "committed_offsets", "prepare_checkpoint", "starting_offsets"]

# Kafka's number for the first offset that is still there.
_EARLIEST = -2


def checkpoint_path(settings: Settings, query: str) -> str:
    """Where a query's checkpoint is, the state of its executors in it.

    Beside tables in an object store, for executors of other machines see no folder of this one: a
    state would lie on whichever worker wrote it, and be gone with that.
    """
    if settings.is_root_here:
        return str(settings.var_dir / "stream" / "checkpoints" / query)
    return join(settings.lakehouse_root, "_checkpoints", query)


def _batches(place: str | Path, kind: str) -> list[int]:
    return [int(name) for name in names_in(join(place, kind)) if name.isdigit()]


def prepare_checkpoint(
    folder: str | Path, table: DeltaTable, topics: Collection[str] | None = None
) -> bool:
    """Look whether a query can go on from a checkpoint; clear away one that never began.

    A query that is named in its checkpoint but has planned no batch would begin at batch 0 under
    its old name, and Delta would skip the batches whose numbers it has seen under that name. So
    such a rest is removed, and the query begins under a new name where its table ends. So does one
    that read other topics before, as Spark takes no topic into a query that has begun, and one
    whose newest batch cannot be read.

    Args:
        folder: of the checkpoint, or its URI.
        table: that the query writes.
        topics: that the query is to read, if it reads Kafka.

    Returns:
        True when there is a batch to go on from.

    Raises:
        StreamError: batches are planned there, but the name of the query is lost; or batches are
            done there that the table knows nothing of.
    """
    metadata = read_text(join(folder, "metadata"))
    has_batches = bool(_batches(folder, "offsets"))
    if has_batches and metadata is None:
        raise StreamError(
            f"{folder}: the checkpoint has batches, but its file metadata is gone. Remove the "
            "folder; the job then goes on from what its table holds"
        )
    if has_batches and _batches(folder, "commits"):
        query_id = json.loads(metadata)["id"]
        if table.transaction_version(query_id) is None:
            raise StreamError(
                f"{folder}: the checkpoint is not of the table {table.table_uri}, which may have "
                "been deleted and made anew. Remove the folder; the job then goes on from what "
                "the table holds"
            )
    if has_batches and topics is not None:
        has_batches = set(_planned_offsets(folder, _newest(folder, "offsets"))) == set(topics)
    if not has_batches:
        delete(folder)
    return has_batches


def committed_offsets(folder: str | Path) -> dict[str, dict[int, int]]:
    """The end of the newest batch that a query of Kafka finished, by topic and partition.

    Empty if it finished none.

    Args:
        folder: of its checkpoint.
    """
    return _planned_offsets(folder, _newest(folder, "commits"))


def _newest(folder: str | Path, kind: str) -> int:
    """Number of the newest batch in a log of a checkpoint; -1 without one."""
    return max(_batches(folder, kind), default=-1)


def _planned_offsets(folder: str | Path, batch: int) -> dict[str, dict[int, int]]:
    text = read_text(join(folder, "offsets", str(batch)))
    if text is None:
        return {}
    try:
        # A version, settings of the batch, then a line for each source.
        *_, ends = text.splitlines()
        topics = json.loads(ends)
    except ValueError:  # a disk that was full, or a torn file: as good as none
        return {}
    return {
        topic: {int(number): end for number, end in parts.items()}
        for topic, parts in topics.items()
    }


def starting_offsets(partitions: Mapping[str, int], *known: Mapping[str, Mapping[int, int]]) -> str:
    """Where a query without a checkpoint begins, as Spark's Kafka source wants it.

    Args:
        partitions: how many each topic has.
        known: offsets before which nothing is to be read, by topic and partition: those after the
            last one that the table holds, for instance. The highest counts.

    Example:
        >>> starting_offsets({"t": 2}, {"t": {1: 7}}, {"t": {1: 5}})
        '{"t": {"0": -2, "1": 7}}'
    """
    return json.dumps(
        {
            topic: {
                str(n): max(ends.get(topic, {}).get(n, _EARLIEST) for ends in known)
                for n in range(count)
            }
            for topic, count in partitions.items()
        }
    )
