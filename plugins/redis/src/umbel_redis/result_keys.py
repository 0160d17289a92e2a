"""The names of the keys and channels of results, as Celery 5 has them.

Sources: https://docs.celeryq.dev/en/stable/internals/protocol.html, and the keys that Celery 5.7 was seen to write.

| key | type | what |
|---|---|---|
| `celery-task-meta-ID` | string | the record of task ID, which is published to the channel of this name as well |
| `celery-taskset-meta-ID` | string | the saved results of group ID |
| `celery-taskset-meta-ID.j` | sorted set or list | what the header of chord ID has returned, by its place there |
| `celery-taskset-meta-ID.d` | set | which of the header has returned: `TASK:PLACE` |
| `celery-taskset-meta-ID.s`, `.t` | string | how many the header has, and how many joined it later |
| `celery-taskset-meta-ID.c` | string | who publishes the body: his token, then `done` |
| `umbel.value.KEY` | string | other shared state: a value |
| `umbel.claim.KEY` | string | the owner of a lock |
| `umbel.tally.KEY` | hash | the members that were counted, with their values |
"""

from __future__ import annotations

_TASK = "celery-task-meta-"
_GROUP = "celery-taskset-meta-"
_PARTS = (".j", ".d", ".s", ".t", ".c")
#: After one of these a prefix ends by itself.
_ENDS = ":_-."


class ResultKeys:
    """With the `global_keyprefix` before each, which gets an underscore if it does not end in punctuation.

    In a cluster a chord's keys must share a slot, so that what they share becomes the hash tag. Celery has no backend
    for clusters which could disagree.
    """

    def __init__(self, global_prefix: str = "", cluster: bool = False) -> None:
        if global_prefix and global_prefix[-1] not in _ENDS:
            global_prefix += "_"
        self._global = global_prefix.encode()
        self._task = self._global + _TASK.encode()
        self._cluster = cluster

    def record(self, task_id: str) -> bytes:
        """The key of a record, and the channel to which it is published."""
        return self._task + task_id.encode()

    def task_id(self, channel: bytes) -> str:
        """The task whose record is published to this channel."""
        return channel[len(self._task) :].decode()

    def is_chord(self, key: str) -> bool:
        """Whether this fact is about a group, so that it has to stand where Celery's workers look for it."""
        return key.startswith(_GROUP)

    def value(self, key: str) -> bytes:
        if not self.is_chord(key):
            return self._own("value", key)
        if not self._cluster:
            return self._global + key.encode()
        group, part = (key[:-2], key[-2:]) if key.endswith(_PARTS) else (key, "")
        return b"%b{%b}%b" % (self._global, group.encode(), part.encode())

    def claim(self, key: str) -> bytes:
        return self.value(key) + b".c" if self.is_chord(key) else self._own("claim", key)

    def tally(self, key: str) -> bytes:
        return self._own("tally", key)

    def chord(self, key: str) -> list[bytes]:
        """What the header has returned, who has, its size, what was added to it, and who publishes the body."""
        return [self.value(key) + part.encode() for part in _PARTS]

    def everything(self, key: str) -> list[bytes]:
        """What there may be of a value, a claim and a tally."""
        if self.is_chord(key):
            return [self.value(key), self.claim(key), *self.chord(key)[:2]]
        return [self.value(key), self.claim(key), self.tally(key)]

    def _own(self, kind: str, key: str) -> bytes:
        return b"%bumbel.%b.%b" % (self._global, kind.encode(), key.encode())
