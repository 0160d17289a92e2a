"""The suite for pools, and the runner that its jobs are scripted with."""

from umbel_conformance.pool.bench import MakePool, StartPool
from umbel_conformance.pool.enduring import Enduring
from umbel_conformance.pool.limits import Limits
from umbel_conformance.pool.processes import Processes
from umbel_conformance.pool.running import Running
from umbel_conformance.pool.scripted import ScriptedRunner
from umbel_conformance.pool.stopping import Stopping


class PoolConformance(Running, Stopping, Processes, Limits, Enduring):
    """Everything that a pool must do. Give it the fixture `make_pool`."""


__all__ = ["MakePool", "PoolConformance", "ScriptedRunner", "StartPool"]
