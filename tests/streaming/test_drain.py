"""Queries end between two batches where they can, and in time where they cannot."""

from streaming.drain import drain


class BatchingQuery:
    """Is within a batch for so many looks, then pauses."""

    def __init__(self, looks: int, *, is_active: bool = True) -> None:
        self.isActive = is_active
        self.was_cut_off: bool | None = None
        self._looks = looks

    @property
    def status(self) -> dict[str, bool]:
        self._looks -= 1
        return {"isTriggerActive": self._looks >= 0}

    def stop(self) -> None:
        self.isActive = False
        self.was_cut_off = self._looks >= 0


def test_each_query_ends_in_its_own_pause_though_another_never_pauses():
    quick, slow, endless = BatchingQuery(0), BatchingQuery(3), BatchingQuery(1_000_000)
    drain([endless, slow, quick], seconds=0.5)
    assert [query.isActive for query in (quick, slow, endless)] == [False] * 3
    assert [query.was_cut_off for query in (quick, slow, endless)] == [False, False, True]


def test_a_query_that_has_ended_is_not_stopped_again():
    ended = BatchingQuery(0, is_active=False)
    drain([ended], seconds=0.5)
    assert ended.was_cut_off is None
