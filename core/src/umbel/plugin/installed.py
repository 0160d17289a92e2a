"""What is installed: the entry points of every distribution, read without importing one of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from umbel.plugin.records import records

PREFIX = "umbel."

#: The distribution of the kernel; any other may take over a name of its (see `Catalogue`).
KERNEL = "umbel-core"


class Claim(NamedTuple):
    """One line of a distribution's entry points: it claims `name` in the group `umbel.<kind>`."""

    kind: str
    name: str
    value: str
    distribution: str
    version: str


def canonical(distribution: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@functools.cache
def claims() -> tuple[Claim, ...]:
    """Every claim, in the order of `sys.path`. Reads files once a process; `claims.cache_clear()` to read again."""
    found: dict[str, tuple[Claim, ...]] = {}
    for distribution, version, entry_points in records(PREFIX):
        mine = tuple(_claims_of(distribution, version, entry_points))
        if mine:
            # The first one on sys.path hides others of its name, as it does for imports.
            found.setdefault(canonical(distribution), mine)
    return tuple(claim for mine in found.values() for claim in mine)


def _claims_of(distribution: str, version: str, entry_points: str) -> Iterator[Claim]:
    """https://packaging.python.org/en/latest/specifications/entry-points/"""
    group = ""
    for line in map(str.strip, entry_points.splitlines()):
        if line.startswith("["):
            group = line.strip("[] ")
        elif group.startswith(PREFIX) and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield Claim(group[len(PREFIX) :], name.strip(), value.strip(), distribution, version)
