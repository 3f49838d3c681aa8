"""Publishing: the small step after a build whose tests passed, and moving readers by hand."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from lakehouse.builds.changes import unfinished
from lakehouse.builds.state import read_state
from lakehouse.errors import TableError
from lakehouse.maintenance.good_states import GoodState, choose_state, read_good_states
from lakehouse.publish.record import (
    PUBLISHED_LAYERS,
    Publication,
    clear_publications,
    is_published,
    move_to,
    open_pinned,
    read_publication,
)
from lakehouse.publish.views import drop_views, refresh_views
from lakehouse.settings import Settings

__all__ = [
    "check_readable",
    "publication_lines",
    "publish",
    "publish_newest",
    "withdraw",
    "withheld_because",
]

_NAMED = 3


def publish_newest(settings: Settings, report: Callable[[str], None]) -> Publication | None:
    """Publish the newest good state unless it was published before; holds the lock of builds.

    A state that somebody has taken back by hand stays taken back. A step that ended half-way, by
    a kill for instance, is finished.

    Returns:
        What is published now; None where there is no good state, or where the tables are in an
        object store: there readers see the newest.

    Raises:
        TableError: Spark refuses a view.
        ServiceError: the Thrift server does not come up.
    """
    if not settings.is_root_here:
        return None
    states, publication = read_good_states(settings), read_publication(settings)
    if not states:
        return None
    newest = states[-1]
    if publication is None or publication.newest_state_id < newest.state_id:
        move_to(newest, "build", settings)
    return _show(settings, report)


def publish(
    settings: Settings,
    report: Callable[[str], None],
    state_id: int | None = None,
    published_by: str = "publish",
) -> Publication:
    """Publish a good state, earlier or later, without copying or restoring anything.

    Args:
        settings: the project's settings.
        report: called with one line of progress at a time.
        state_id: of the state; None for the newest.
        published_by: what moves it, as in ``audit.publications``.

    Raises:
        TableError: there is no such state, or a table of it cannot be read any more. Readers stay
            where they were then. Or Spark refuses a view.
        ServiceError: the Thrift server does not come up.
    """
    if not settings.is_root_here:
        raise TableError(
            f"LAKEHOUSE_ROOT={settings.lakehouse_root} is not on this machine: readers see the "
            "newest tables there, and nothing can be published"
        )
    state = choose_state(read_good_states(settings), state_id)
    check_readable(state, settings)
    current = read_publication(settings)
    if current is None or current.state != state:
        move_to(state, published_by, settings)
    return _show(settings, report)


def withdraw(settings: Settings, report: Callable[[str], None]) -> None:
    """Show no state any more, as every one holds what must not be seen; holds the lock of builds.

    The views go first: while the record stands, a run that ended between the two is finished by the
    next one.

    Raises:
        ServiceError: the Thrift server does not come up.
        TableError: Spark refuses.
    """
    if is_published(settings):
        drop_views(settings, report)
        clear_publications(settings)


def check_readable(state: GoodState, settings: Settings) -> None:
    """Refuse a state of which a file is gone that readers need.

    Raises:
        TableError: names the table.
    """
    for name, pinned in state.tables.items():
        if name.schema not in PUBLISHED_LAYERS:
            continue
        folder = Path(settings.table_path(name.schema, name.table))
        paths = open_pinned(name, pinned, settings).get_add_actions()["path"].to_pylist()
        # The log has them as parts of a URI.
        gone = [path for path in paths if not (folder / unquote(path)).exists()]
        if gone:
            raise TableError(
                f"State {state.state_id} cannot be published: {len(gone)} files of {name} at "
                f"version {pinned.version} are gone, the first is {gone[0]}. Publish another; "
                "`make rollback LIST=1` lists them"
            )


def _show(settings: Settings, report: Callable[[str], None]) -> Publication:
    publication = read_publication(settings)
    if publication is None:
        raise TableError("Nothing is published yet. Run `make build` first")
    count = refresh_views(publication, settings, report)
    report(f"Published: state {publication.state.state_id}; {count} views of marts moved")
    return publication


def withheld_because(settings: Settings) -> str | None:
    """Why the newest build is not published: what failed in it; None when it did not fail."""
    attempt = read_state(settings)
    if attempt is None or attempt.is_good:
        return None
    labels = [
        name.split(".")[2]
        for name, status in unfinished(attempt.results).items()
        if status != "skipped"
    ]
    ended = datetime.fromisoformat(attempt.results["metadata"]["generated_at"])
    more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
    named = ", ".join(labels[:_NAMED]) or "nothing by name"
    return f"{named}{more} failed in the build of {ended:%Y-%m-%d %H:%M} UTC"


def publication_lines(settings: Settings) -> list[str]:
    """What readers see and what is kept from them, for people; empty before the first build."""
    publication, withheld = read_publication(settings), withheld_because(settings)
    lines = []
    if publication is not None:
        state = publication.state
        lines.append(
            f"Readers see state {state.state_id} of {state.recorded_at:%Y-%m-%d %H:%M} UTC, "
            f"published by {publication.published_by}"
        )
        newest = read_good_states(settings)[-1].state_id
        if newest > state.state_id:
            lines.append(f"State {newest} is newer and not published; `make publish` shows it")
    if withheld is not None:
        lines.append(f"Withheld, as {withheld}; mend it and run `make build`")
    return lines
