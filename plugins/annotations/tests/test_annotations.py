"""What `task_annotations` says of tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import pytest

from umbel import Umbel
from umbel.exceptions import ImproperlyConfigured
from umbel.model import Message
from umbel_conformance.worker import BareTransport


class Keeping(BareTransport):
    """Keeps what is published."""

    contract_version = 1
    published: ClassVar[list[Message]] = []

    def publish(self, messages: Sequence[Message]) -> None:
        self.published.extend(messages)


@pytest.fixture
def make_app() -> Iterator[Callable[..., Umbel]]:
    apps: list[Umbel] = []

    def make(annotations: Any, **settings: Any) -> Umbel:
        settings = {"broker": "keeping://", "task_always_eager": True, **settings}
        apps.append(Umbel("proj", set_as_current=False, task_annotations=annotations, **settings))
        apps[-1].catalogue.register("transport", "keeping", Keeping)
        return apps[-1]

    yield make
    for app in apps:
        app.close()


def task_of(app: Umbel, name: str = "proj.work", **options: Any) -> Any:
    @app.task(name=name, **options)
    def work() -> int:
        return 3

    return work


def test_a_task_gets_what_is_said_of_its_name_and_others_do_not(make_app: Any) -> None:
    app = make_app({"proj.work": {"rate_limit": "10/s", "max_retries": 7}})
    work, other = task_of(app), task_of(app, "proj.other")
    assert (work.rate_limit, work.max_retries) == ("10/s", 7)
    assert (other.rate_limit, other.max_retries) == (None, 3)


def test_what_is_said_of_all_counts_more_as_in_celery(make_app: Any) -> None:
    app = make_app({"proj.work": {"max_retries": 7}, "*": {"max_retries": 1}})
    assert task_of(app).max_retries == 1


def test_a_function_becomes_a_method(make_app: Any) -> None:
    heard = []

    def on_success(self: Any, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
        heard.append((self.name, retval))

    work = task_of(make_app({"*": {"on_success": on_success}}))
    assert work.delay().get() == 3
    assert heard == [("proj.work", 3)]


def test_an_at_sign_wraps_a_method(make_app: Any) -> None:
    def twice(run: Callable[..., int]) -> Callable[..., int]:
        return lambda *args, **kwargs: 2 * run(*args, **kwargs)

    work = task_of(make_app({"proj.work": {"@run": twice}}))
    assert work.delay().get() == 6
    assert work() == 6


def test_an_at_sign_wraps_a_hook_and_a_task_that_is_retried_by_itself(make_app: Any) -> None:
    heard = []

    def louder(hook: Any) -> Any:
        def on_success(self: Any, *args: Any) -> None:
            heard.append(self.name)
            hook(self, *args)

        return on_success

    app = make_app({"*": {"@on_success": louder, "@run": lambda run: lambda: run() + 1}})
    assert task_of(app, autoretry_for=(OSError,)).delay().get() == 4
    assert heard == ["proj.work"]


def test_a_method_that_is_not_there_cannot_be_wrapped(make_app: Any) -> None:
    app = make_app({"proj.work": {"@fly": lambda method: method}})
    with pytest.raises(ImproperlyConfigured, match=r"proj\.work has no method 'fly'"):
        task_of(app)


class Annotations:
    def annotate(self, task: Any) -> dict[str, Any] | None:
        return {"priority": 5} if task.name == "proj.work" else None

    def annotate_any(self) -> dict[str, Any]:
        return {"track_started": True}


@pytest.mark.parametrize("said", [Annotations(), [{"proj.work": {"priority": 1}}, Annotations()]])
def test_an_object_is_asked_and_later_ones_count_more(make_app: Any, said: Any) -> None:
    app = make_app(said)
    work, other = task_of(app), task_of(app, "proj.other")
    assert (work.priority, work.track_started) == (5, True)
    assert (other.priority, other.track_started) == (None, True)


def test_what_is_no_annotation_is_refused(make_app: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="expected a dict"):
        task_of(make_app([3]))
    with pytest.raises(ImproperlyConfigured, match=r"cannot import 'nobody\.at_home'"):
        task_of(make_app("nobody.at_home"))


def test_tasks_that_come_later_are_changed_too_and_each_once(make_app: Any) -> None:
    app = make_app({"*": {"@run": lambda run: lambda: run() + 1}})
    first = task_of(app)
    second = task_of(app, "proj.second")
    app.conf.task_default_queue = "elsewhere"  # everything is opened again
    assert (first.delay().get(), second.delay().get()) == (4, 4)


def test_the_settings_may_come_after_the_tasks(make_app: Any) -> None:
    app = make_app(None)
    work = task_of(app)
    app.conf.task_annotations = {"proj.work": {"max_retries": 7}}
    work.delay()
    assert work.max_retries == 7


def test_what_is_published_is_as_the_annotations_say(make_app: Any) -> None:
    app = make_app({"*": {"queue": "annotated", "time_limit": 5}}, task_always_eager=False)
    task_of(app).delay()
    message = Keeping.published.pop()
    assert (message.queue, message.headers["timelimit"]) == ("annotated", [5, None])
