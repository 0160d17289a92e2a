from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from attrs import fields

from umbel.plugin import hookimpl, specs
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.observers import Observers, observers


def module(name: str, **functions: Any) -> ModuleType:
    made = ModuleType(name)
    for hook, function in functions.items():
        setattr(made, hook, hookimpl(function))
    return made


@pytest.fixture
def catalogue() -> Catalogue:
    """Without the observers that happen to be installed."""
    return Catalogue(disabled=[entry.distribution for entry in Catalogue().entries("hook")])


def test_there_is_an_attribute_for_every_hook_that_is_heard() -> None:
    heard = {
        name
        for name, function in vars(specs).items()
        if name.startswith("umbel_") and not function.umbel_spec["firstresult"]
    }
    assert heard == {field.name for field in fields(Observers)} - {"problems"}


def test_a_hook_to_which_nobody_listens_is_none(catalogue: Catalogue) -> None:
    catalogue.register("hook", "one", module("one", umbel_worker_ready=lambda hostname: None))
    heard = observers(catalogue)
    assert heard.umbel_worker_ready is not None
    assert heard.umbel_worker_stopped is None
    assert heard.problems == []


def test_every_listener_hears_with_the_arguments_that_it_asked_for(catalogue: Catalogue) -> None:
    told: list[Any] = []
    catalogue.register("hook", "one", module("one", umbel_task_started=lambda job, pid: told.append((job, pid))))
    catalogue.register("hook", "two", module("two", umbel_task_started=lambda pid: told.append(pid)))
    heard = observers(catalogue)
    assert heard.umbel_task_started is not None
    heard.umbel_task_started(job="job", pid=7)
    assert sorted(told, key=str) == [("job", 7), 7]


def test_an_error_in_one_listener_is_logged_with_its_distribution_and_disturbs_nobody(
    site: Any, caplog: pytest.LogCaptureFixture
) -> None:
    loud = """
        from umbel.plugin import hookimpl

        @hookimpl
        def umbel_worker_ready(hostname):
            raise ValueError("no")
    """
    others = [entry.distribution for entry in Catalogue().entries("hook")]
    site.install("umbel-loud", {"hook": {"loud": "loud_plugin"}}, version="3.1", loud_plugin=loud)
    catalogue = Catalogue(disabled=others)
    told: list[str] = []
    catalogue.register("hook", "aa", module("aa", umbel_worker_ready=lambda hostname: told.append(hostname)))
    catalogue.register("hook", "zz", module("zz", umbel_worker_ready=lambda hostname: told.append(hostname)))
    heard = observers(catalogue)
    assert heard.umbel_worker_ready is not None
    heard.umbel_worker_ready(hostname="celery@here")
    assert told == ["celery@here"] * 2
    assert "umbel_worker_ready of umbel-loud 3.1 failed" in caplog.text
    assert "ValueError: no" in caplog.text


def test_listeners_may_ask_to_be_first_or_last(catalogue: Catalogue) -> None:
    told: list[str] = []
    last, first = module("last"), module("first")
    last.umbel_worker_ready = hookimpl(lambda hostname: told.append("last"), trylast=True)  # type: ignore[attr-defined]
    first.umbel_worker_ready = hookimpl(lambda hostname: told.append("first"), tryfirst=True)  # type: ignore[attr-defined]
    catalogue.register("hook", "a", first)
    catalogue.register("hook", "b", module("b", umbel_worker_ready=lambda hostname: told.append("between")))
    catalogue.register("hook", "c", last)
    heard = observers(catalogue)
    assert heard.umbel_worker_ready is not None
    heard.umbel_worker_ready(hostname="h")
    assert told == ["first", "between", "last"]


def test_broken_observers_are_left_out_and_reported(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    others = [entry.distribution for entry in Catalogue().entries("hook")]
    misspelled = "from umbel.plugin import hookimpl\n@hookimpl\ndef umbel_worker_redy(hostname): pass\n"
    site.install("umbel-redy", {"hook": {"redy": "redy_plugin"}}, redy_plugin=misspelled)
    site.install("umbel-broken", {"hook": {"broken": "broken_plugin"}}, broken_plugin="1 / 0")
    site.install("umbel-one", {"hook": {"both": "one_plugin"}})
    site.install("umbel-two", {"hook": {"both": "two_plugin"}})
    heard = observers(Catalogue(disabled=others))
    assert {problem.distribution for problem in heard.problems} == {
        "umbel-redy",
        "umbel-broken",
        "umbel-one",
        "umbel-two",
    }
    assert "did you mean 'umbel_worker_ready'?" in caplog.text
    assert heard.umbel_worker_ready is None


def test_one_module_under_two_names_hears_once(catalogue: Catalogue) -> None:
    told: list[str] = []
    same = module("same", umbel_worker_ready=lambda hostname: told.append(hostname))
    catalogue.register("hook", "a", same)
    catalogue.register("hook", "b", same)
    heard = observers(catalogue)
    assert heard.umbel_worker_ready is not None
    heard.umbel_worker_ready(hostname="h")
    assert told == ["h"]
    assert [problem.name for problem in heard.problems] == ["b"]
