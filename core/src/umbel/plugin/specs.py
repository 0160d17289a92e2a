"""Every hook of Umbel.

The first eight give a driver of a kind: the module that an entry point in the group `umbel.<kind>` names has one of
them, and it is asked once, when the driver is chosen. `umbel_command` gives a CLI command, and `umbel_worker_option` a
flag of the one that starts a worker. The rest are heard by every
plugin in the entry-point group `umbel.hook`: past tense, they observe, and an error in one is logged with the name of
its distribution and disturbs nobody.
"""

# The bodies of specifications never run.
# mypy: disable-error-code="empty-body"
from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from umbel import contracts
    from umbel.model import Delivery, Job, Message, Outcome

hookspec = pluggy.HookspecMarker("umbel")
hookimpl = pluggy.HookimplMarker("umbel")


@hookspec(firstresult=True)
def umbel_transport() -> type[contracts.Transport]:
    """The transport class of this plugin."""


@hookspec(firstresult=True)
def umbel_pool() -> type[contracts.Pool]:
    """The pool class of this plugin."""


@hookspec(firstresult=True)
def umbel_serializer() -> type[contracts.Serializer]:
    """The serializer class of this plugin."""


@hookspec(firstresult=True)
def umbel_compression() -> type[contracts.Compression]:
    """The compression class of this plugin."""


@hookspec(firstresult=True)
def umbel_backend() -> type[contracts.Backend]:
    """The result backend class of this plugin."""


@hookspec(firstresult=True)
def umbel_scheduler() -> type[contracts.Scheduler]:
    """The scheduler class of this plugin."""


@hookspec(firstresult=True)
def umbel_consumer() -> type[contracts.Consumer]:
    """The consumer class of this plugin."""


@hookspec(firstresult=True)
def umbel_bootstep() -> type[contracts.Bootstep]:
    """The bootstep class of this plugin."""


@hookspec(firstresult=True)
def umbel_command() -> click.Command:
    """The CLI command (or group) of this plugin; its name is the entry point's."""


@hookspec(firstresult=True)
def umbel_worker_option() -> click.Option:
    """A flag for the command that starts a worker. Its parameter has the name of the setting that gets its value; with
    `expose_value=False` it is no setting, and acts by its callback, which is before the app is imported."""


@hookspec
def umbel_worker_ready(hostname: str) -> None:
    """A worker in this process has started every step and begins to reserve."""


@hookspec
def umbel_worker_stopped(hostname: str) -> None:
    """A worker in this process has settled everything and is about to end."""


@hookspec
def umbel_message_published(message: Message) -> None:
    """The broker has taken a message that this process sent."""


@hookspec
def umbel_task_received(delivery: Delivery) -> None:
    """A task message was reserved; nothing has been decided about it yet."""


@hookspec
def umbel_task_started(job: Job, pid: int) -> None:
    """A job has begun to run in process `pid`. Heard in the worker's own process."""


@hookspec
def umbel_task_finished(job: Job, outcome: Outcome) -> None:
    """A job is over; its result is not yet stored. Heard in the worker's own process."""
