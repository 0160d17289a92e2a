"""Every plugin that is installed, by kind and name; nothing is imported to know it.

Entry-point groups: `umbel.<kind>` for the eight kinds of drivers, and `umbel.command`, `umbel.worker_option`,
`umbel.api`, `umbel.settings`, `umbel.hook`. Two more hold facts instead of modules: `umbel.default` (kind → the driver
to use when nobody says otherwise) and `umbel.hint` (public name → the distribution that would bring it).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from typing import Any

from attrs import evolve, frozen

from umbel.exceptions import PluginConflict, PluginError, PluginNotFound
from umbel.meant import meant
from umbel.plugin import installed
from umbel.plugin.installed import KERNEL, Claim, canonical

#: The kinds of drivers: each has a contract in `umbel.contracts` and a hook in `umbel.plugin.specs`.
DRIVERS = ("transport", "pool", "serializer", "compression", "backend", "scheduler", "consumer", "bootstep")
#: Groups whose values are not modules.
FACTS = ("default", "hint")
#: Everything that a distribution can have a name in.
KINDS = (*DRIVERS, "command", "worker_option", "api", "settings", "hook", *FACTS)

ENVIRONMENT = "UMBEL_PLUGINS_DISABLED"
SETTING = "the setting plugins_disabled"


@frozen
class Entry:
    """A name that a distribution has. `status` is one of `ok`, `disabled`, `replaced` (another distribution took over
    a name of the kernel's), `conflict` and `unknown` (no such kind); `problem` says why it is not `ok`."""

    kind: str
    name: str
    value: str
    distribution: str
    version: str
    status: str = "ok"
    problem: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r} of {self.origin}"

    @property
    def origin(self) -> str:
        return f"{self.distribution} {self.version}".strip()

    def matches(self, pattern: str) -> bool:
        """Whether a word of `plugins_disabled` or `plugins_required` means this one: `NAME`, `KIND:NAME` or a
        distribution."""
        return pattern in (self.name, f"{self.kind}:{self.name}") or canonical(pattern) == canonical(self.distribution)


class Catalogue:
    """The plugins of this process. Safe to use from any thread.

    `disabled` comes from the setting `plugins_disabled`; the environment variable `UMBEL_PLUGINS_DISABLED` (separated
    by commas) adds to it. The same name from two distributions is a conflict, and using it an error, with one
    exception: what the kernel has itself gives way to a plugin, so a faster JSON can take over `json`.
    """

    def __init__(self, disabled: Collection[str] = (), registered: dict[tuple[str, str], object] | None = None) -> None:
        """`registered` is shared with other catalogues of one app, which differ in what is disabled."""
        environment = [word.strip() for word in os.environ.get(ENVIRONMENT, "").split(",") if word.strip()]
        self._disabled = dict.fromkeys(environment, ENVIRONMENT) | dict.fromkeys(disabled, SETTING)
        self._registered = {} if registered is None else registered
        self._made_from: tuple[object, object] = (None, None)
        self._entries: tuple[Entry, ...] = ()

    @staticmethod
    def refresh() -> None:
        """Read the installed distributions again; every catalogue of this process sees the change."""
        installed.claims.cache_clear()

    def register(self, kind: str, name: str, plugin: object) -> None:
        """Add a plugin without a distribution: a driver class, or a module or object with hooks. It wins over
        installed ones of its name."""
        if kind not in KINDS:
            raise PluginError(f"there is no kind {kind!r} of plugins; the kinds are {', '.join(KINDS)}")
        self._registered[kind, name] = plugin

    def registered(self, entry: Entry) -> object | None:
        """The object behind an entry that came through `register`; None for an installed one."""
        return None if entry.distribution else self._registered.get((entry.kind, entry.name))

    def entries(self, kind: str | None = None) -> tuple[Entry, ...]:
        """Everything that is installed, usable or not, ordered by kind and name."""
        made_from = (installed.claims(), self._registered.copy())
        if self._made_from != made_from:
            self._entries = tuple(sorted(self._judge(made_from[0]), key=_order))
            self._made_from = made_from
        return self._entries if kind is None else tuple(entry for entry in self._entries if entry.kind == kind)

    def names(self, kind: str) -> list[str]:
        """The names of a kind that can be used, sorted."""
        return [entry.name for entry in self.entries(kind) if entry.status == "ok"]

    def find(self, kind: str, name: str, source: str = "") -> Entry:
        """The entry of that name, or of what stands before its `+` (the rest is the driver's own, as in `sqla+sqlite`).

        `source` says in the error where the name came from (`broker_url`, `--pool`, …). Raises `PluginNotFound`,
        `PluginConflict`, or `PluginError` if it is disabled.
        """
        names = {entry.name for entry in self.entries(kind)}
        first = name if name in names else name.partition("+")[0]
        claimants = [entry for entry in self.entries(kind) if entry.name == first]
        for entry in claimants:
            if entry.status == "ok":
                return entry
        asked = f"{kind} {name!r}" + (f" (from {source})" if source else "")
        if not claimants:
            raise PluginNotFound(self._not_found(kind, name, asked))
        conflict = any(entry.status == "conflict" for entry in claimants)
        reasons = dict.fromkeys(str(entry.problem) for entry in claimants)
        raise (PluginConflict if conflict else PluginError)(f"{asked} cannot be used: {'; '.join(reasons)}")

    def default(self, kind: str) -> str | None:
        """The driver to use when nobody says otherwise: the declared one, or else the only one that there is (the
        kernel's own counts only where there is no other); None where that does not decide."""
        if any(entry.name == kind and entry.status != "disabled" for entry in self.entries("default")):
            return self.find("default", kind).value
        usable = [entry for entry in self.entries(kind) if entry.status == "ok"]
        others = [entry for entry in usable if entry.distribution != KERNEL]
        choice = others or usable
        # One driver may have several names.
        return choice[0].name if len({(entry.distribution, entry.value) for entry in choice}) == 1 else None

    def require(self, patterns: Collection[str]) -> None:
        """Raise `PluginNotFound` unless each word of the setting `plugins_required` matches a usable plugin."""
        for pattern in patterns:
            matching = [entry for entry in self.entries() if entry.matches(pattern)]
            if not any(entry.status == "ok" for entry in matching):
                reason = matching[0].problem if matching else "it is not installed"
                raise PluginNotFound(f"plugins_required names {pattern!r}, but {reason}: {self.install_hint(pattern)}")

    def install_hint(self, name: str) -> str:
        """A `pip install` that would bring `name` (perhaps `kind:name`), as far as one can tell."""
        hints = [entry.value for entry in self.entries("hint") if entry.name == name]
        word = canonical(name.rpartition(":")[2].partition("+")[0])
        guess = word if word.startswith("umbel") else f"umbel-{word}"
        return f"pip install {canonical(hints[0]) if hints else guess}"

    def suggestions(self, kind: str, name: str) -> list[str]:
        """Installed names of a kind that look like `name`, the best first."""
        return meant(name, self.names(kind))

    def _not_found(self, kind: str, name: str, asked: str) -> str:
        close = self.suggestions(kind, name)
        did_you_mean = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        there = ", ".join(self.names(kind)) or "none"
        return f"{asked} is not installed (installed: {there}).{did_you_mean} Else try: {self.install_hint(name)}"

    def _judge(self, claims: Collection[Claim]) -> Iterator[Entry]:
        """Turn claims into entries, each with what is wrong with it."""
        groups: dict[tuple[str, str], list[Entry]] = {}
        for claim in claims:
            entry = Entry(claim.kind, claim.name, claim.value, claim.distribution, claim.version)
            groups.setdefault((claim.kind, claim.name), []).append(entry)
        for (kind, name), plugin in self._registered.items():
            where = getattr(plugin, "__name__", type(plugin).__name__)
            yield Entry(kind, name, where, "", "")
        for key, entries in groups.items():
            live = []
            for entry in entries:
                problem = self._stop(entry)
                if problem is None:
                    live.append(entry)
                else:
                    yield problem
            yield from _compete(sorted(live, key=_order), taken=key in self._registered)

    def _stop(self, entry: Entry) -> Entry | None:
        """The entry with the reason why it takes no part at all; None if it does."""
        if entry.kind not in KINDS:
            close = meant(entry.kind, KINDS, 1)
            hint = f"; did you mean umbel.{close[0]}?" if close else ""
            return evolve(entry, status="unknown", problem=f"there is no entry-point group umbel.{entry.kind}{hint}")
        for pattern, where in self._disabled.items():
            if entry.matches(pattern):
                return evolve(entry, status="disabled", problem=f"{entry.origin} is disabled by {where} ({pattern!r})")
        return None


def _compete(entries: list[Entry], taken: bool) -> Iterator[Entry]:
    """Entries of one kind and name: at most one of them can be used."""
    if taken:
        yield from (evolve(e, status="replaced", problem="replaced by one registered in this process") for e in entries)
        return
    plugins = [entry for entry in entries if entry.distribution != KERNEL]
    if plugins and len(plugins) < len(entries):
        kernel = [entry for entry in entries if entry.distribution == KERNEL]
        yield from (evolve(e, status="replaced", problem=f"replaced by {plugins[0].origin}") for e in kernel)
        entries = plugins
    # Facts (a default, a hint) may be declared by two that agree.
    if len({entry.value if entry.kind in FACTS else (entry.distribution, entry.value) for entry in entries}) > 1:
        last = entries[-1].distribution
        problem = (
            f"it is claimed by {' and by '.join(entry.origin for entry in entries)}; remove one of them "
            f"(pip uninstall {last}) or disable it ({ENVIRONMENT}={last}, or {SETTING})"
        )
        yield from (evolve(entry, status="conflict", problem=problem) for entry in entries)
    else:
        yield from entries[:1]


def _order(entry: Entry) -> tuple[Any, ...]:
    known = KINDS.index(entry.kind) if entry.kind in KINDS else len(KINDS)
    return known, entry.name, entry.distribution
