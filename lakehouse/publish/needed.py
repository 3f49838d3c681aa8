"""Which good states somebody reads, so that no vacuum may delete a file of them."""

from lakehouse.maintenance.good_states import GoodState, read_good_states
from lakehouse.publish.notes import read_notes
from lakehouse.publish.record import read_publication
from lakehouse.settings import Settings

__all__ = ["needed_states"]


def needed_states(settings: Settings) -> dict[str, GoodState]:
    """Who needs a state -> the state; the newest good one is needed for `make rollback`."""
    states, publication = read_good_states(settings), read_publication(settings)
    needed = {"the newest good state": states[-1]} if states else {}
    if publication is not None:
        needed["the published state"] = publication.state
    by_id = {state.state_id: state for state in states}
    for note in read_notes(settings):
        needed[f"the state of environment {note.name}"] = by_id[note.state_id]
    return needed
