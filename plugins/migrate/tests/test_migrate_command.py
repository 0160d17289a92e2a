"""The command explains itself, and says what is wrong."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from umbel.model import Message
from umbel_conformance import CommandConformance
from umbel_migrate import command as module
from umbel_migrate.choice import Choice


class TestMigrate(CommandConformance):
    @pytest.fixture
    def command(self) -> click.Command:
        return module.umbel_command()


def test_a_broker_that_is_not_installed_is_an_error_that_says_so() -> None:
    result = CliRunner().invoke(module.umbel_command(), ["nothing://here", "nothing://there"])
    assert result.exit_code == 1
    assert "transport 'nothing'" in result.output


@pytest.mark.parametrize(
    ("tasks", "taken"),
    [
        ((), ["shop.buy", "shop.sell", "other", None]),
        (("shop.*",), ["shop.buy", "shop.sell"]),
        (("other", "shop.buy"), ["shop.buy", "other"]),
    ],
)
def test_tasks_are_chosen_by_name_or_pattern(tasks: tuple[str, ...], taken: list[str | None]) -> None:
    names = ["shop.buy", "shop.sell", "other", None]
    choice = Choice(tasks)
    assert [name for name in names if choice.takes(Message("q", b"", {"task": name} if name else {}))] == taken
