from __future__ import annotations

import click
import pytest

from umbel.contracts import Bootstep
from umbel_canvas.command import umbel_command
from umbel_canvas.step import CanvasStep
from umbel_conformance import BootstepConformance, CommandConformance


class TestCanvasStep(BootstepConformance):
    @pytest.fixture
    def make_bootstep(self) -> type[Bootstep]:
        return CanvasStep


class TestWorkflowCommand(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return umbel_command()
