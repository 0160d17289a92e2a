"""The contract of what counts the headers of chords in fewer steps than `SharedState` alone (feature `headers`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from attrs import frozen


@frozen(eq=False)
class Count:
    """What is to be counted of one header: its members with their values, each once; and the key of a value that is
    wanted with them once all are there."""

    key: str
    members: Mapping[str, bytes]
    wanted: str | None = None


class Headers(ABC):
    """A header is the tally of its key in the shared state, `celery-taskset-meta-GROUP`. The value `KEY.s` is its size,
    `KEY.t` how many were added to it; the claim of the key is the right to send the body; the value `done` of `KEY.c`
    says that it is over.

    Who counts and who looks at the same time never both get a header, and never neither of them. Keys, values and times
    as in `SharedState`.
    """

    @abstractmethod
    def begin(
        self,
        key: str,
        size: int,
        values: Mapping[str, bytes],
        listed: Sequence[tuple[str, str]] = (),
        ttl_s: float | None = None,
        anew: bool = False,
    ) -> bool:
        """Say how many members there are, keep these values, and count, with no value, each (key, member) that is to be
        `listed`; False, and nothing is done, if it is over already. `anew`: it begins again, even so, and nothing of it
        is counted yet."""

    @abstractmethod
    def count(
        self, counts: Sequence[Count], owner: str, claim_s: float, ttl_s: float | None = None
    ) -> Sequence[tuple[Mapping[str, bytes], bytes | None] | None]:
        """Count, and look which of these headers, all different, are complete. For each, in order: None while some are
        missing, its size is not known, it is over, or another owner has the claim; else all members with their values,
        and the value that was wanted. `owner` has the claim then, for `claim_s`."""

    @abstractmethod
    def end(self, keys: Sequence[str], values: Sequence[str], done_s: float) -> None:
        """They are over, which is known for `done_s` yet; what was counted is dropped, and so are these values."""
