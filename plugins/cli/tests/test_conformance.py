"""Every command of this distribution passes the suite for commands."""

from __future__ import annotations

import click
import pytest

from umbel_cli import call, dead, graph, plugins, purge, queues, report, result, worker
from umbel_conformance import CommandConformance


class TestCommands(CommandConformance):
    @pytest.fixture(
        params=[call, dead, graph, plugins, purge, queues, report, result, worker], ids=lambda module: module.__name__
    )
    def command(self, request: pytest.FixtureRequest) -> click.Command:
        command: click.Command = request.param.umbel_command()
        return command
