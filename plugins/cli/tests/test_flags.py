"""Flags of `umbel worker` that plugins bring (the hook `umbel_worker_option`)."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from umbel import Umbel
from umbel.cli.root import root
from umbel.worker import Worker

SETTINGS = """
    from attrs import frozen

    @frozen
    class AcmeSettings:
        level: int = 6
"""
OPTION = """
    import click
    from umbel.plugin import hookimpl

    @hookimpl
    def umbel_worker_option():
        return click.Option(["{flag}", "acme_level"], type=int, metavar="LEVEL", help="How high.")
"""


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Umbel:
    """Its worker ends before it starts."""

    def stop(worker: Worker, *arguments: Any, **keywords: Any) -> None:
        raise click.ClickException("the worker would start now")

    monkeypatch.setattr(Worker, "__init__", stop)
    return Umbel("proj", set_as_current=False)


def install(site: Any, flag: str = "--level", option: str = OPTION) -> None:
    points = {"worker_option": {"acme": "acme_option"}, "settings": {"acme": "acme_settings:AcmeSettings"}}
    site.install("umbel-acme", points, acme_option=option.format(flag=flag), acme_settings=SETTINGS)


def run(app: Umbel, *arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(root, ["worker", *arguments], obj=app, env=variables, prog_name="umbel")


def test_a_flag_of_a_plugin_is_in_the_help(site: Any, app: Umbel) -> None:
    install(site)
    helped = run(app, "--help")
    assert "--level LEVEL" in helped.output
    assert "How high." in helped.output


def test_its_value_is_that_of_the_setting_with_its_name(site: Any, app: Umbel) -> None:
    install(site)
    assert "would start" in run(app, "--level", "9").output
    assert app.conf.acme_level == 9
    assert app.conf.source_of("acme_level") == "the command line"


def test_a_flag_that_is_not_given_leaves_the_setting_alone(site: Any, app: Umbel) -> None:
    install(site)
    app.conf.acme_level = 3
    assert "would start" in run(app).output
    assert app.conf.acme_level == 3


def test_a_flag_may_come_from_the_environment(site: Any, app: Umbel) -> None:
    install(site)
    assert "would start" in run(app, UMBEL_WORKER_ACME_LEVEL="4").output
    assert app.conf.acme_level == 4


@pytest.mark.parametrize(
    ("flag", "option", "why"),
    [
        ("--pool", OPTION, "there is a flag --pool already"),
        ("--level", OPTION.replace("click.Option(", "str("), "failed: TypeError"),
        ("--level", "import nowhere_to_be_found", "nowhere_to_be_found"),
        ("--level", "", "does not implement umbel_worker_option"),
    ],
)
def test_a_broken_flag_is_left_out_and_the_worker_starts_all_the_same(
    site: Any, app: Umbel, flag: str, option: str, why: str
) -> None:
    install(site, flag, option)
    started = run(app)
    assert "A flag was left out" in started.output
    assert why in started.output
    assert "would start" in started.output


def test_a_disabled_plugin_has_no_flag(site: Any, app: Umbel) -> None:
    install(site)
    refused = run(app, "--level", "9", UMBEL_PLUGINS_DISABLED="umbel-acme")
    assert refused.exit_code == 2
    assert "No such option" in refused.output


def test_check_says_what_is_wrong_with_a_flag(site: Any) -> None:
    install(site, option="")
    checked = site.umbel("plugins", "check", "umbel-acme")
    assert checked.returncode == 1
    assert "does not implement umbel_worker_option" in checked.stdout
