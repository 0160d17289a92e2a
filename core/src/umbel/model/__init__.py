"""What travels and what is decided about it: plain attrs classes without behaviour of their own."""

from umbel.model.activity import HeldTask, WorkerState
from umbel.model.job import Finished, Job, Outcome, PoolEvent, Started
from umbel.model.message import Action, DeadLetter, Death, Delivery, Depth, Message, Settlement
from umbel.model.record import Record

__all__ = [
    "Action",
    "DeadLetter",
    "Death",
    "Delivery",
    "Depth",
    "Finished",
    "HeldTask",
    "Job",
    "Message",
    "Outcome",
    "PoolEvent",
    "Record",
    "Settlement",
    "Started",
    "WorkerState",
]
