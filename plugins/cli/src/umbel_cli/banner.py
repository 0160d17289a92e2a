"""What `umbel worker` says of itself when it starts."""

from __future__ import annotations

import os
import sys

from umbel import __version__
from umbel.app.drivers import Choice
from umbel.plugin.catalogue import Catalogue
from umbel.settings.censor import without_password
from umbel.worker import Worker


def banner(worker: Worker) -> str:
    """Which driver, from which distribution and version, serves each kind; queues, tasks, boot steps.

    As with Celery, tasks that the wire itself brings (`celery.chord`, …) are not listed among the app's own.
    """
    app, options = worker.app, worker.options
    tasks = sorted(name for name in app.tasks if not name.startswith("celery."))
    steps = sorted([*worker.extensions.bootsteps, *worker.extensions.consumers])
    lines = [
        f" umbel {__version__} · {worker.hostname} · pid {os.getpid()}",
        f" Python {sys.version.split()[0]} on {sys.platform}",
        "",
        " [drivers]",
        *(f"  {choice.kind:<12}{_described(app.catalogue, choice)}" for choice in worker.choices()),
        "",
        f" [app]          {app.main or '__main__'}, {len(tasks)} task{'' if len(tasks) == 1 else 's'}",
        f" [concurrency]  {options.concurrency}",
        f" [queues]       {', '.join(options.queues)}",
        f" [steps]        {', '.join(steps) or 'none'}",
        "",
        " [tasks]",
        *(f"  . {name}" for name in tasks),
    ]
    return "\n".join(lines) + "\n"


def _described(catalogue: Catalogue, choice: Choice) -> str:
    entry = catalogue.find(choice.kind, choice.name, choice.source)
    url = f"  {without_password(choice.url)}" if choice.url else ""
    return f"{choice.name:<12}{entry.origin or 'this process'}  ({choice.source}){url}"
