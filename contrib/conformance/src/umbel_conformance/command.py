"""The small suite for commands of the CLI."""

from __future__ import annotations

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner


def every_command(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The command and all below it, with the words that lead to them."""
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None, f"{name!r} is listed and not there"
            yield from every_command(below, (*path, name))


class CommandConformance:
    """Everything that a command must do. Give it the fixture `command`."""

    @pytest.fixture
    def command(self) -> click.Command:
        raise NotImplementedError("a subclass of CommandConformance must have the fixture `command`")

    def test_it_is_a_command_of_click(self, command: click.Command) -> None:
        assert isinstance(command, click.Command)

    def test_it_and_everything_below_it_explains_itself(self, command: click.Command) -> None:
        for path, one in every_command(command):
            shown = CliRunner().invoke(command, [*path, "--help"])
            assert shown.exit_code == 0, f"{path} --help: {shown.output}{shown.exception!r}"
            assert one.help or one.short_help, f"{path or command.name} has no help text"

    def test_every_option_says_what_it_does(self, command: click.Command) -> None:
        silent = [
            f"{' '.join(path)} {option.opts[0]}"
            for path, one in every_command(command)
            for option in one.params
            if isinstance(option, click.Option) and not option.help and not option.hidden
        ]
        assert not silent, f"options without help: {silent}"

    def test_an_unknown_option_is_a_usage_error(self, command: click.Command) -> None:
        result = CliRunner().invoke(command, ["--no-such-option-anywhere"])
        assert result.exit_code == 2, f"exit code {result.exit_code} for wrong usage, click's is 2"
        assert "no-such-option-anywhere" in result.output

    def test_no_option_is_there_twice(self, command: click.Command) -> None:
        for path, one in every_command(command):
            flags = [flag for option in one.params for flag in (*option.opts, *option.secondary_opts)]
            assert len(flags) == len(set(flags)), f"{path or command.name}: an option is there twice in {flags}"
