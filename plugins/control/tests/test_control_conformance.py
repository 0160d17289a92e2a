"""The consumer, the boot step and the commands pass the suites of their kinds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar

import click
import pytest

from umbel.contracts import Backend, Bootstep, Consumer
from umbel_conformance import BootstepConformance, CommandConformance, ConsumerConformance
from umbel_conformance.worker import RecordingWorker
from umbel_control.cli.control import control
from umbel_control.cli.inspect import inspect
from umbel_control.cli.status import status
from umbel_control.node import ControlNode
from umbel_control.revocation import Revocation


class TestControlNode(ConsumerConformance):
    @pytest.fixture
    def worker(self, worker: RecordingWorker) -> RecordingWorker:
        return worker

    good_bodies: ClassVar[list[bytes]] = [json.dumps({"method": "ping", "arguments": {}}).encode()]

    @pytest.fixture
    def make_consumer(self) -> Callable[[], Consumer]:
        return ControlNode


class TestRevocation(BootstepConformance):
    @pytest.fixture
    def worker(self, worker: RecordingWorker, backend: Backend) -> RecordingWorker:
        worker.backend = backend
        return worker

    @pytest.fixture
    def make_bootstep(self) -> Callable[[], Bootstep]:
        return Revocation


class TestInspect(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return inspect


class TestControl(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return control


class TestStatus(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return status
