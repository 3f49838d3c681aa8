"""Where a query goes on: its checkpoint, or, when that is gone, the table that it wrote."""

import json
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


def prepare_checkpoint(folder: str | Path, table: DeltaTable) -> bool:
    """Look whether a query can go on from a checkpoint; clear away one that never began.

    A query that is named in its checkpoint but has planned no batch would begin at batch 0 under
    its old name, and Delta would skip the batches whose numbers it has seen under that name. So
    such a rest is removed, and the query begins under a new name where its table ends.

    Args:
        folder: of the checkpoint, or its URI.
        table: that the query writes.

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
    if not has_batches:
        delete(folder)
    return has_batches


def committed_offsets(folder: str | Path, topic: str) -> dict[int, int]:
    """The end of the newest batch that a query finished, by partition; empty without one.

    Args:
        folder: of the checkpoint of a query that reads one topic of Kafka.
        topic: its name.
    """
    newest = max(_batches(folder, "commits"), default=-1)
    text = read_text(join(folder, "offsets", str(newest)))
    if text is None:
        return {}
    # A version, settings of the batch, then a line for each source.
    *_, ends = text.splitlines()
    return {int(part): end for part, end in json.loads(ends).get(topic, {}).items()}


def starting_offsets(topic: str, partitions: int, held: dict[int, int]) -> str:
    """Where a query without a checkpoint begins, as Spark's Kafka source wants it.

    Args:
        topic: name of the topic.
        partitions: number of its partitions.
        held: the offset after the last one that the table holds, by partition.

    Example:
        >>> starting_offsets("t", 2, {1: 7})
        '{"t": {"0": -2, "1": 7}}'
    """
    return json.dumps({topic: {str(n): held.get(n, _EARLIEST) for n in range(partitions)}})
