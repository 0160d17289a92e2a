"""The suite for schedulers."""

from umbel_conformance.scheduler.agreeing import Agreeing
from umbel_conformance.scheduler.bench import MakeScheduler
from umbel_conformance.scheduler.ticking import Ticking


class SchedulerConformance(Ticking, Agreeing):
    """Everything that a scheduler must do. Give it the fixture `make_scheduler`."""


__all__ = ["MakeScheduler", "SchedulerConformance"]
