"""What is installed: the entry points of every distribution, read without importing one of them."""

from __future__ import annotations

import functools
import logging
import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from importlib.metadata import Distribution

log = logging.getLogger(__name__)

PREFIX = "umbel."

#: The distribution of the kernel; any other may take over a name of its (see `Catalogue`).
KERNEL = "umbel-core"


@frozen
class Claim:
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
    # A producer that only opens its broker by class, or never calls a task, should not pay 25 ms for this import.
    from importlib.metadata import distributions  # noqa: PLC0415

    found: dict[str, tuple[Claim, ...]] = {}
    for distribution in distributions():
        try:
            mine = _claims_of(distribution)
        except Exception as error:  # a damaged installation hides itself, and nobody else
            log.warning("the metadata of %s cannot be read: %s", getattr(distribution, "_path", distribution), error)
            continue
        if mine:
            # The first one on sys.path hides others of its name, as it does for imports.
            found.setdefault(canonical(mine[0].distribution), mine)
    return tuple(claim for mine in found.values() for claim in mine)


def _claims_of(distribution: Distribution) -> tuple[Claim, ...]:
    if PREFIX not in (distribution.read_text("entry_points.txt") or ""):
        return ()
    name, version = _identity(distribution)
    return tuple(
        Claim(point.group[len(PREFIX) :], point.name, point.value, name, version)
        for point in distribution.entry_points
        if point.group.startswith(PREFIX)
    )


def _identity(distribution: Distribution) -> tuple[str, str]:
    """Name and version from the head of the metadata: parsing all of it takes ten times as long."""
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if not colon:
            break  # the end of the headers
        fields.setdefault(key.lower(), value.strip())
        if "name" in fields and "version" in fields:
            break
    return fields["name"], fields["version"]
