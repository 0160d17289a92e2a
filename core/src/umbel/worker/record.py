"""Stage five, *record*: results are stored, and only then is a delivery settled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from attrs import define

from umbel.contracts.bootstep import Follower
from umbel.exceptions import DriverError, TemporaryError
from umbel.model.message import Action, Message, Settlement
from umbel.model.record import Record
from umbel.worker.lane import Lane
from umbel.worker.persist import Patience, persist
from umbel.worker.settle import Settler, Settling

_log = logging.getLogger("umbel.worker")


@define(slots=True, eq=False)
class Recording:
    """A record on its way, and what is to be settled after it."""

    record: Record
    settling: Settling | None = None
    #: Of the task; None: nobody follows this result.
    message: Message | None = None


class Recorder:
    """Stores in batches, on a thread of its own, and passes on to the settler."""

    def __init__(self, store: Callable[[Sequence[Record]], None], settler: Settler, patience: Patience) -> None:
        self._store_records = store
        self._settler = settler
        self._patience = patience
        self.lane: Lane[Recording] = Lane("record", self._store)
        self.followers: Sequence[Follower] = ()

    def put(self, recordings: Sequence[Recording], alone: bool = False) -> None:
        """Never blocks; unless nothing else is held (`alone`), so that nobody could be kept waiting: then the results
        are stored here and now, if that works at once."""
        if alone and self.lane.try_here(lambda: self._store_records([recording.record for recording in recordings])):
            self._pass_on(recordings)
        else:
            self.lane.put(recordings)

    def _store(self, batch: Sequence[Recording]) -> None:
        records = [recording.record for recording in batch]
        try:
            persist("store results", lambda: self._store_records(records), self._patience)
        except DriverError:
            for recording in batch:
                self._store_one(recording)
        self._pass_on(batch)

    def _pass_on(self, batch: Sequence[Recording]) -> None:
        stored = [(each.message, each.record) for each in batch if each.message is not None]
        for follow in self.followers if stored else ():
            try:
                persist("follow results", partial(follow, stored), self._patience)
            except Exception:  # what a plugin makes of a result does not change it
                _log.exception("What follows from the results of %d tasks has failed", len(stored))
        settlings = [recording.settling for recording in batch if recording.settling is not None]
        if settlings:
            self._settler.put(settlings)

    def _store_one(self, recording: Recording) -> None:
        # One record that the backend refuses must not take the others of its batch with it.
        try:
            persist("store a result", lambda: self._store_records((recording.record,)), self._patience)
        except TemporaryError as error:
            # The worker must end before the backend is back: a late task runs again, and its result comes then.
            _log.error("The result of task %s could not be stored in time: %s", recording.record.task_id, error)
            if recording.settling is not None:
                delivery = recording.settling.settlement.delivery
                recording.settling.settlement = Settlement(delivery, Action.REQUEUE)
        except DriverError as error:
            _log.error("The result of task %s is lost: %s", recording.record.task_id, error)
            if recording.settling is not None and recording.settling.settlement.action is Action.ACK:
                # Done, but nobody will know: the message stays where an operator can see it.
                delivery = recording.settling.settlement.delivery
                reason = f"ran, but its result could not be stored: {error}"
                recording.settling.settlement = Settlement(delivery, Action.DEAD, reason=reason)
