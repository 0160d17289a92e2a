from __future__ import annotations

import click
import pytest

from umbel_conformance import CommandConformance
from umbel_demo.command import umbel_command


class TestDemoCommand(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return umbel_command()
