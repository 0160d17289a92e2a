from __future__ import annotations

import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from umbel.__main__ import main
from umbel.cli import environment
from umbel.cli.context import CliContext
from umbel.cli.errors import EX_FAILURE, EX_UNAVAILABLE, CommandError
from umbel.cli.root import root
from umbel.exceptions import BackendGetMetaError, PluginError, TemporaryError
from umbel.plugin.catalogue import ENVIRONMENT, Catalogue

HELLO = """
    import click
    from umbel.plugin import hookimpl

    @click.command()
    @click.option("--name", default="world")
    @click.option("--loud", is_flag=True)
    @click.option("--twice", multiple=True)
    def hello(name, loud, twice):
        click.echo(f"hello {name} {loud} {twice}")

    @hookimpl
    def umbel_command():
        return hello
"""

TOOLS = """
    import click

    @click.group()
    def tools():
        pass

    @tools.command("list")
    @click.option("--kind")
    @click.option("--json", "as_json", is_flag=True)
    def list_(kind, as_json):
        click.echo(f"{kind} {as_json}")
"""


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APP", "BROKER_URL", "RESULT_BACKEND", "LOADER", "CONFIG_MODULE", "NO_COLOR", "SKIP_CHECKS"):
        for variable in environment.names(name, name):
            monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def probe(site: Any, monkeypatch: pytest.MonkeyPatch) -> list[CliContext]:
    """A command `probe` that keeps what it gets."""
    seen: list[CliContext] = []

    @click.command()
    @click.pass_obj
    def probe(context: CliContext, /) -> None:
        seen.append(context)

    site.install("umbel-probe", {"command": {"probe": "probe_of_a_test:probe"}})
    module = type(sys)("probe_of_a_test")
    module.probe = probe  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "probe_of_a_test", module)
    return seen


def run(*arguments: str, **variables: str) -> Any:
    return CliRunner().invoke(root, list(arguments), env=variables, prog_name="umbel")


def test_help_lists_commands_and_where_they_come_from_and_runs_none(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}}, version="1.5", hello_plugin="raise SystemExit")
    answer = run("--help")
    assert answer.exit_code == 0
    assert ["hello", "from", "umbel-hello", "1.5"] in [line.split() for line in answer.output.splitlines()]
    assert "hello_plugin" not in sys.modules


def test_where_no_command_is_installed_help_says_what_brings_some() -> None:
    nothing = {ENVIRONMENT: ",".join(entry.distribution for entry in Catalogue().entries("command"))}
    for arguments in (["--help"], ["work"]):
        assert "No command is installed: pip install umbel brings some." in run(*arguments, **nothing).output


def test_without_a_command_there_is_help() -> None:
    answer = run()
    assert answer.exit_code == 0
    assert "Usage: umbel" in answer.output


def test_help_runs_no_code_but_the_kernels(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}, "hook": {"hello": "hello_plugin"}})
    (site.folder / "hello_plugin.py").write_text("import os; os._exit(99)")
    for arguments in (["--help"], ["--version"], []):
        assert site.umbel(*arguments).returncode == 0, arguments


def test_help_imports_neither_the_app_nor_the_worker_nor_any_plugin(site: Any) -> None:
    script = (
        "import sys; from umbel.cli.root import root; root(['--help'], standalone_mode=False); "
        "print(sorted(m for m in sys.modules if m in {'umbel.app.app', 'umbel.worker', 'cattrs', 'packaging'}"
        " or m.startswith('umbel_')))"
    )
    assert site.run(sys.executable, "-c", script).stdout.splitlines()[-1] == "[]"


def test_the_command_of_a_plugin_runs(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}}, hello_plugin=HELLO)
    assert run("hello", "--name", "you").output == "hello you False ()\n"


def test_a_broken_command_breaks_only_itself(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}}, hello_plugin=HELLO)
    site.install("umbel-broken", {"command": {"broken": "broken_plugin"}}, broken_plugin="1 / 0")
    assert run("hello").exit_code == 0
    assert run("--help").exit_code == 0
    for arguments in (["broken"], ["broken", "--help"], ["broken", "some", "--thing"]):
        answer = run(*arguments)
        assert answer.exit_code == EX_FAILURE
        assert "command 'broken' of umbel-broken 1.0" in answer.output
        assert "division by zero" in answer.output
        assert "Traceback" not in answer.output


def test_a_command_that_two_distributions_have_says_so(site: Any) -> None:
    site.install("umbel-one", {"command": {"hello": "one"}})
    site.install("umbel-two", {"command": {"hello": "two"}})
    answer = run("hello")
    assert answer.exit_code == EX_FAILURE
    assert "umbel-one 1.0 and by umbel-two 1.0" in answer.output


def test_a_mistyped_command_gets_suggestions(site: Any) -> None:
    site.install("umbel-acme", {"command": {"serenade": "acme_plugin"}})
    assert "Did you mean serenade?" in run("serenad").output
    assert run("serenad").exit_code == 2


def test_a_command_that_no_plugin_brings_may_be_installed(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}})
    assert "pip install umbel-zzzz" in run("zzzz").output


@pytest.mark.parametrize(
    "arguments", [["probe", "-A", "proj"], ["probe", "--broker", "x"], ["tools", "list", "-b", "x"]]
)
def test_a_global_option_after_the_command_is_rejected_with_a_message(
    site: Any, probe: Any, arguments: list[str]
) -> None:
    site.install("umbel-tools", {"command": {"tools": "tools_plugin:tools"}}, tools_plugin=TOOLS)
    answer = run(*arguments)
    assert answer.exit_code == 2
    option = next(argument for argument in arguments if argument.startswith("-"))
    assert f"{option} stands before the command: umbel {option} … {arguments[0]}" in answer.output


def test_an_unknown_option_is_clicks_usual_error(probe: Any) -> None:
    answer = run("probe", "--nonsense")
    assert answer.exit_code == 2
    assert "No such option" in answer.output


def test_global_options_reach_the_command(probe: list[CliContext]) -> None:
    run("-A", "proj", "-b", "b://", "--result-backend", "r://", "--loader", "l", "--config", "c", "-C", "-q",
        "--skip-checks", "probe")  # fmt: skip
    assert probe == [CliContext("proj", "b://", "r://", "l", "c", no_color=True, quiet=True, skip_checks=True)]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({"UMBEL_APP": "a", "CELERY_APP": "b", "APP": "c"}, "a"),
        ({"CELERY_APP": "b", "APP": "c"}, "b"),
        ({"APP": "c"}, "c"),
    ],
)
def test_global_options_come_from_the_environment_too(
    probe: list[CliContext], variables: dict[str, str], found: str
) -> None:
    run("probe", **variables)
    assert [context.app_name for context in probe] == [found]


@pytest.mark.parametrize(
    ("variable", "attribute"),
    [("BROKER_URL", "broker"), ("RESULT_BACKEND", "result_backend"), ("LOADER", "loader"), ("CONFIG_MODULE", "config")],
)
def test_celerys_unprefixed_variables_are_read(probe: list[CliContext], variable: str, attribute: str) -> None:
    run("probe", **{variable: "value"})
    assert getattr(probe[0], attribute) == "value"


def test_options_of_commands_come_from_umbels_and_celerys_variables(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}}, hello_plugin=HELLO)
    assert run("hello", UMBEL_HELLO_NAME="u", CELERY_HELLO_NAME="c").output == "hello u False ()\n"
    assert run("hello", CELERY_HELLO_NAME="c", CELERY_HELLO_LOUD="1").output == "hello c True ()\n"
    assert run("hello", CELERY_HELLO_TWICE="a b").output == "hello world False ('a', 'b')\n"
    assert run("hello", "--name", "x", CELERY_HELLO_NAME="c").output == "hello x False ()\n"


def test_options_of_subcommands_have_variables_too(site: Any) -> None:
    site.install("umbel-tools", {"command": {"tools": "tools_plugin:tools"}}, tools_plugin=TOOLS)
    assert run("tools", "list", "--kind", "pool", CELERY_TOOLS_LIST_AS_JSON="1").output == "pool True\n"


def test_no_color_may_have_any_value(monkeypatch: pytest.MonkeyPatch, probe: list[CliContext]) -> None:
    colors = []

    @click.command()
    @click.pass_context
    def look(ctx: click.Context, /) -> None:
        colors.append(ctx.color)

    monkeypatch.setattr(sys.modules["probe_of_a_test"], "probe", look)
    run("probe")
    run("probe", NO_COLOR="please")
    run("-C", "probe")
    assert colors == [None, False, False]


def test_workdir_is_where_the_command_runs(probe: list[CliContext], tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert run("--workdir", "there", "probe").exit_code == 0
    assert type(tmp_path).cwd() == tmp_path / "there"
    assert run("--workdir", "nowhere", "probe").exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PluginError("no such thing"), EX_FAILURE),
        (TemporaryError("the broker is away"), EX_UNAVAILABLE),
        (BackendGetMetaError("the backend is away"), EX_UNAVAILABLE),
        (CommandError("as I say", 73), 73),
    ],
)
def test_errors_are_one_line_and_an_exit_code(monkeypatch: Any, probe: Any, error: Exception, code: int) -> None:
    @click.command()
    def fail() -> None:
        raise error

    monkeypatch.setattr(sys.modules["probe_of_a_test"], "probe", fail)
    answer = run("probe")
    assert answer.exit_code == code
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    assert answer.output == f"Error: {text}\n"


@pytest.mark.parametrize("how", [{"UMBEL_DEBUG": "1"}, {}])
def test_with_debug_the_error_itself_is_shown(monkeypatch: Any, probe: Any, how: dict[str, str]) -> None:
    @click.command()
    def fail() -> None:
        raise PluginError("no such thing")

    monkeypatch.setattr(sys.modules["probe_of_a_test"], "probe", fail)
    answer = run(*([] if how else ["--debug"]), "probe", **how)
    assert isinstance(answer.exception, PluginError)


def test_without_an_app_or_a_broker_a_command_that_needs_one_says_how_to_name_it() -> None:
    with pytest.raises(CommandError, match="umbel -A MODULE"):
        _ = CliContext().app


def test_an_app_may_run_the_command_line_for_itself(probe: list[CliContext]) -> None:
    app = object()
    with pytest.raises(SystemExit) as ended:
        main(["-A", "another", "probe"], app=app)  # type: ignore[arg-type]
    assert ended.value.code == 0
    assert probe[0].app is app
