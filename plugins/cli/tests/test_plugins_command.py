from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from umbel.cli.root import root
from umbel.plugin.catalogue import ENVIRONMENT

SETTINGS = """
    from attrs import frozen

    @frozen
    class AcmeSettings:
        level: int = 6
"""


FRESH = """
    class Fresh:
        def __get__(self, *of):
            return object()

    class Given:
        fresh = Fresh()
"""


def run(*arguments: str, **variables: str) -> Any:
    return CliRunner().invoke(root, ["plugins", *arguments], env=variables, prog_name="umbel")


def row(output: str, *words: str) -> list[str]:
    """The line of a table that begins with these words."""
    (line,) = [line.split() for line in output.splitlines() if line.split()[: len(words)] == list(words)]
    return line


def test_the_list_says_what_is_installed_from_which_distribution(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}}, version="2.5")
    answer = run("list")
    assert answer.exit_code == 0
    assert row(answer.output, "KIND") == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "STATUS"]
    assert row(answer.output, "transport", "acme") == ["transport", "acme", "umbel-acme", "2.5", "ok"]
    assert row(answer.output, "serializer", "json")[2] == "umbel-core"


def test_the_list_can_be_one_kind_and_json(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}}, version="2.5")
    entries = json.loads(run("list", "--kind", "transport", "--json").output)
    assert {entry["kind"] for entry in entries} == {"transport"}
    (mine,) = [entry for entry in entries if entry["name"] == "acme"]
    assert mine == {
        "kind": "transport",
        "name": "acme",
        "value": "acme_plugin",
        "distribution": "umbel-acme",
        "version": "2.5",
        "status": "ok",
        "problem": None,
    }


def test_the_list_says_what_is_wrong(site: Any) -> None:
    site.install("umbel-one", {"transport": {"acme": "one"}})
    site.install("umbel-two", {"transport": {"acme": "two"}})
    site.install("umbel-off", {"transport": {"off": "off"}})
    site.install("umbel-poor", {"transport": {"poor": "poor"}}, requires=["gold-of-acme>=3", "click>=999"])
    output = run("list", **{ENVIRONMENT: "umbel-off"}).output
    assert row(output, "transport", "off")[-1] == "disabled"
    assert row(output, "transport", "poor")[-1] == "broken"
    assert output.count("conflict: it is claimed by umbel-one 1.0 and by umbel-two 1.0") == 2
    assert "it requires gold-of-acme>=3, which is not installed: pip install 'gold-of-acme>=3'" in output
    assert "it requires click>=999, but" in output


def test_requirements_of_extras_and_of_other_platforms_are_not_missing(site: Any) -> None:
    requires = ['gold>=3; extra == "rich"', 'gold; sys_platform == "amiga"', "click"]
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}}, requires=requires)
    assert row(run("list").output, "transport", "acme")[-1] == "ok"


def test_show_tells_everything_that_the_metadata_says(site: Any) -> None:
    site.install("umbel-acme", {"transport": {"acme": "acme_plugin"}}, version="2.5", requires=["click>=8"])
    output = run("show", "acme").output
    for text in ("transport", "umbel-acme 2.5", "acme_plugin", "click>=8", "ok"):
        assert text in output


def test_show_with_load_tells_features_contract_and_settings(site: Any, compression: str) -> None:
    site.install(
        "umbel-acme",
        {"compression": {"acme": "acme_plugin"}, "settings": {"acme": "acme_settings:AcmeSettings"}},
        acme_plugin=compression,
        acme_settings=SETTINGS,
    )
    output = run("show", "umbel-acme", "--load").output
    assert "acme_plugin.PlainCompression" in output
    assert "level = 6" in output
    assert "acme_plugin.PlainCompression" not in run("show", "umbel-acme").output


def test_show_of_something_unknown_says_what_to_install() -> None:
    answer = run("show", "acmeacme")
    assert answer.exit_code == 1
    assert "pip install umbel-acmeacme" in answer.output


def test_check_loads_each_plugin_and_a_crash_is_just_a_row(site: Any, compression: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    site.install(
        "umbel-good", {"compression": {"good": "good"}}, good="print('chatty')\n" + compression.replace("\n    ", "\n")
    )
    site.install("umbel-bad", {"compression": {"bad": "bad"}}, bad="1 / 0")
    site.install("umbel-killed", {"compression": {"killed": "killed"}}, killed=kill)
    site.install("umbel-gone", {"compression": {"gone": "gone"}}, gone="import os; os.write(2, b'oh'); os._exit(7)")
    site.install("umbel-off", {"compression": {"off": "off"}}, off=kill)
    answer = run("check", "good", "bad", "killed", "gone", "off", **{ENVIRONMENT: "umbel-off"})
    assert answer.exit_code == 1
    status = {name: row(answer.output, "compression", name)[-1] for name in ("good", "bad", "killed", "gone", "off")}
    assert status == {"good": "ok", "bad": "broken", "killed": "broken", "gone": "broken", "off": "disabled"}
    assert "division by zero" in answer.output
    assert "signal 9" in answer.output
    assert "exit code 7): oh" in answer.output
    assert "3 of 5 cannot be used" in answer.output


def test_check_of_what_is_well_succeeds(site: Any, compression: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    site.install("umbel-good", {"compression": {"good": "good"}}, good=compression)
    assert run("check", "umbel-good").exit_code == 0
    assert run("check", "serializer:json").exit_code == 0


@pytest.mark.parametrize(
    ("kind", "value", "source", "reason"),
    [
        ("command", "acme_plugin", "", "does not implement umbel_command"),
        ("hook", "acme_plugin", "from umbel.plugin import hookimpl\n@hookimpl\ndef umbel_redy(): pass", "umbel_redy"),
        ("api", "acme_plugin:nothing", "", "nothing"),
        ("settings", "acme_plugin:nothing", "", "nothing"),
        ("default", "nothing", "", "nothing"),
    ],
)
def test_check_knows_every_group(site: Any, monkeypatch: Any, kind: str, value: str, source: str, reason: str) -> None:
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    site.install("umbel-acme", {kind: {"acme": value}}, acme_plugin=source)
    answer = run("check", "umbel-acme")
    assert answer.exit_code == 1
    assert reason in answer.output


def test_plugins_can_be_listed_while_the_app_is_broken(site: Any) -> None:
    (site.folder / "broken_app.py").write_text("1 / 0")
    answer = site.umbel("plugins", "list", APP="broken_app")
    assert answer.returncode == 0, answer.stderr
    assert os.linesep in answer.stdout


def test_check_reports_what_stevedore_would_load_differently(site: Any) -> None:
    # The attribute gives another object each time, which no two loaders can agree on.
    site.install("umbel-fresh", {"api": {"fresh": "fresh_plugin:Given.fresh"}}, fresh_plugin=FRESH)
    answer = site.umbel("plugins", "check", "umbel-fresh")
    assert answer.returncode == 1
    assert "stevedore loads another object" in answer.stdout


def test_only_check_and_show_with_load_run_the_code_of_other_plugins(site: Any) -> None:
    site.install("umbel-hello", {"command": {"hello": "hello_plugin"}, "hook": {"hello": "hello_plugin"}})
    (site.folder / "hello_plugin.py").write_text("import os; os._exit(99)")
    for arguments in (["list"], ["list", "--json"], ["show", "hello"], ["--help"], ["check", "--help"]):
        assert site.umbel("plugins", *arguments).returncode == 0, arguments


@pytest.mark.parametrize(
    ("arguments", "more"),
    [(["--help"], {"cattrs", "packaging"}), (["list"], {"cattrs"}), (["show", "json"], {"cattrs"})],
)
def test_plugins_imports_neither_the_app_nor_the_worker_nor_any_other_plugin(
    site: Any, arguments: list[str], more: set[str]
) -> None:
    unwanted = {"umbel.app.app", "umbel.worker", "stevedore", *more}
    script = (
        f"import sys; from umbel.cli.root import root; root(['plugins', *{arguments}], standalone_mode=False); "
        f"print(sorted(m for m in sys.modules if m in {unwanted} "
        "or m.startswith('umbel_') and m.partition('.')[0] != 'umbel_cli'))"
    )
    assert site.run(sys.executable, "-c", script).stdout.splitlines()[-1] == "[]"


def test_when_somebody_else_claims_the_name_plugins_it_says_so(site: Any) -> None:
    site.install("umbel-acme", {"command": {"plugins": "acme_plugin"}})
    answer = run("list")
    assert answer.exit_code == 1
    assert "pip uninstall" in answer.output
    assert "umbel-acme 1.0" in answer.output
