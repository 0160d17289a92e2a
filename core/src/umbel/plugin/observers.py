"""Who listens to what happens: the plugins of the group `umbel.hook`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import pluggy
from attrs import fields, frozen

from umbel.exceptions import PluginError
from umbel.plugin import hooks
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.loader import load_object
from umbel.plugin.problems import Problem

log = logging.getLogger(__name__)

#: Called with the hook's arguments by keyword; never raises.
Listener = Callable[..., None]


@frozen
class Observers:
    """One attribute for each hook that is heard: what to call, or None where nobody listens, which is decided once.

    `if heard.umbel_task_started is not None: heard.umbel_task_started(job=job, pid=pid)`
    """

    umbel_worker_ready: Listener | None = None
    umbel_worker_stopped: Listener | None = None
    umbel_message_published: Listener | None = None
    umbel_task_received: Listener | None = None
    umbel_task_started: Listener | None = None
    umbel_task_finished: Listener | None = None
    #: Plugins that were left out.
    problems: Sequence[Problem] = ()


def observers(catalogue: Catalogue) -> Observers:
    """Load every enabled plugin of the group `umbel.hook`. A broken one is logged, kept in `problems`, and left out."""
    plugins = hooks.manager()
    origins: dict[str, str] = {}
    problems = []
    for entry in catalogue.entries("hook"):
        if entry.status == "conflict":
            problems.append(Problem.of(entry, entry.problem))
        if entry.status != "ok":
            continue
        try:
            plugin = load_object(catalogue, entry)
            hooks.verified(entry, plugin)
            plugins.register(plugin, name=str(entry))
            origins[str(entry)] = entry.origin or "this process"
        except PluginError as error:
            problems.append(Problem.of(entry, error))
        except ValueError:
            problems.append(Problem.of(entry, f"{entry} ({hooks.module_name(plugin)}) listens already by another name"))
    for problem in problems:
        log.error("a plugin was left out: %s", problem.reason)
    names = [field.name for field in fields(Observers) if field.name.startswith("umbel_")]
    listeners = {name: _listener(getattr(plugins.hook, name), origins) for name in names}
    return Observers(**listeners, problems=problems)


def _listener(hook: pluggy.HookCaller, origins: dict[str, str]) -> Listener | None:
    """All implementations of a hook as one call in which an error of one does not reach the next, or the caller."""
    # In pluggy's order: the last one that was registered comes first, `tryfirst` and `trylast` apply.
    implementations = [
        (each.function, tuple(each.argnames), origins[each.plugin_name]) for each in reversed(hook.get_hookimpls())
    ]
    if not implementations:
        return None

    def tell(**arguments: Any) -> None:
        for function, names, origin in implementations:
            try:
                function(*[arguments[name] for name in names])
            except Exception:
                log.exception("%s of %s failed", hook.name, origin)

    return tell
