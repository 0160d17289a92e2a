"""Making tasks, and calling them as functions."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import pytest

from umbel import Task, Umbel, current_app, current_task, shared_task
from umbel.app import current
from umbel.exceptions import DuplicateTaskNameWarning, ImproperlyConfigured, NotRegistered
from umbel.plugin.catalogue import Catalogue


def test_a_task_is_still_a_function(app: Umbel) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        """Adds."""
        return x + y

    assert add(1, 2) == 3
    assert add.__doc__ == "Adds."
    assert add.__name__ == "add"
    assert add.__wrapped__(1, 2) == 3


def test_the_name_is_made_of_module_and_function_and_main_stands_for_a_script(app: Umbel) -> None:
    @app.task
    def work() -> None: ...

    assert work.name == f"{__name__}.work"
    assert app.gen_task_name("work", "__main__") == "proj.work"


def test_options_become_attributes_and_settings_are_their_defaults(make_app: Any) -> None:
    app = make_app(task_acks_late=True, task_serializer="json")

    @app.task(max_retries=7, queue="q", colour="red")
    def work() -> None: ...

    assert (work.max_retries, work.queue, work.colour) == (7, "q", "red")
    assert work.acks_late is True
    assert work.default_retry_delay == 180
    app.conf.task_acks_late = False
    assert work.acks_late is False


def test_a_bound_task_gets_itself_and_its_request(app: Umbel) -> None:
    @app.task(bind=True)
    def work(self: Any, x: int) -> tuple[Any, Any]:
        return self, self.request.called_directly

    task, directly = work(1)
    assert task is work
    assert directly is True
    _, directly = work.apply((1,)).get()
    assert directly is False


def test_class_based_tasks_keep_state_and_hooks(app: Umbel) -> None:
    heard = []

    class Counting(app.Task):  # type: ignore[name-defined,misc]
        name = "proj.counting"

        def __init__(self) -> None:
            self.count = 0

        def run(self, step: int) -> int:
            self.count += step
            return self.count

        def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
            heard.append("before_start")

        def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:
            heard.append(("on_success", retval))

        def after_return(self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
            heard.append(("after_return", status))

    task = app.register_task(Counting)
    assert task.apply((2,)).get() == 2
    assert task.apply((3,)).get() == 5
    assert heard[:3] == ["before_start", ("on_success", 2), ("after_return", "SUCCESS")]


def test_a_base_class_serves_function_tasks(app: Umbel) -> None:
    class Base(Task[..., Any]):
        abstract = True

        def on_failure(self, exc: BaseException, *_: Any) -> None:
            type(self).failed = str(exc)  # type: ignore[attr-defined]

    @app.task(base=Base)
    def fail() -> None:
        raise ValueError("so")

    fail.apply()
    assert fail.failed == "so"


def test_the_first_task_of_a_name_stays_and_a_warning_says_so(app: Umbel) -> None:
    @app.task(name="proj.same")
    def one() -> int:
        return 1

    with pytest.warns(DuplicateTaskNameWarning, match="proj.same"):

        @app.task(name="proj.same")
        def two() -> int:
            return 2

    assert two is one


def test_an_option_that_looks_misspelt_is_warned_of_and_one_that_is_not_supported_refused(app: Umbel) -> None:
    with pytest.warns(UserWarning, match="acks_lat=True .* did you mean 'acks_late'"):

        @app.task(acks_lat=True)
        def work() -> None: ...

    with pytest.raises(ImproperlyConfigured, match="Strategy='proj:Strategy' is not supported: the worker is extended"):

        @app.task(Strategy="proj:Strategy")
        def other() -> None: ...


@pytest.mark.skipif("validated" in Catalogue().names("api"), reason="a plugin brings it")
def test_models_without_what_validates_them_are_refused(app: Umbel) -> None:
    with pytest.raises(ImproperlyConfigured, match="pydantic=True needs"):

        @app.task(pydantic=True)
        def model() -> None: ...


@pytest.mark.skipif("annotate" in Catalogue().names("api"), reason="a plugin brings it")
def test_annotations_without_what_applies_them_are_refused(make_app: Any) -> None:
    app = make_app()
    app.conf.task_annotations = {"*": {"max_retries": 1}}
    with pytest.raises(ImproperlyConfigured, match="task_annotations needs"):
        app.send_task("proj.work")
    app.conf.task_annotations = None


def test_a_class_that_is_registered_replaces_a_task_of_its_name_and_a_warning_says_so(app: Umbel) -> None:
    @app.task(name="proj.same")
    def one() -> int:
        return 1

    class Two(Task[..., Any]):
        name = "proj.same"

    with pytest.warns(DuplicateTaskNameWarning, match=r"proj\.same.* replaced"):
        two = app.register_task(Two)
    assert app.tasks["proj.same"] is two
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app.register_task(two)


def test_a_test_can_say_what_the_request_is(app: Umbel) -> None:
    @app.task(bind=True)
    def work(self: Any) -> Any:
        return self.request.id

    work.push_request(id="3f1d", retries=2)
    assert (work.request.id, work.request.retries) == ("3f1d", 2)
    work.pop_request()
    assert work.request.id is None


def test_a_class_hears_that_it_is_bound(app: Umbel) -> None:
    heard = []

    class Base(Task[..., Any]):
        abstract = True

        @classmethod
        def on_bound(cls, app: Umbel) -> None:
            heard.append((cls.name, app))

    @app.task(name="proj.work", base=Base)
    def work() -> None: ...

    assert heard == [("proj.work", app)]


def test_a_new_process_is_told_of(app: Umbel) -> None:
    heard = []
    app.on_after_fork.connect(lambda sender, **_: heard.append(sender))
    before = app.oid
    app.after_fork()
    assert heard == [app]
    assert app.oid != before


def test_the_settings_are_told_of_when_the_app_is_finalized(app: Umbel) -> None:
    heard = []
    app.on_configure.connect(lambda **_: heard.append("configure"))
    app.on_after_configure.connect(lambda source, **_: heard.append(source))
    app.on_after_finalize.connect(lambda **_: heard.append("finalized"))
    app.finalize()
    app.finalize()
    assert heard == ["configure", app.conf, "finalized", "finalized"]


def test_filter_has_the_last_word_about_a_task(app: Umbel) -> None:
    @app.task(filter=lambda task: ("wrapped", task))
    def work() -> None: ...

    assert work[0] == "wrapped"  # type: ignore[index]


def test_an_unknown_task_is_a_typed_error(app: Umbel) -> None:
    with pytest.raises(NotRegistered, match=r"proj\.nobody"):
        app.tasks["proj.nobody"]


def test_the_current_app_is_the_first_one_until_somebody_says_otherwise() -> None:
    with pytest.raises(ImproperlyConfigured):
        current.get_current_app()
    first, second = Umbel("first"), Umbel("second")
    try:
        assert current_app.main == "first"
        second.set_current()
        assert current_app.main == "second"
    finally:
        first.close()
        second.close()


def test_inside_a_task_its_app_is_current_and_so_is_the_task(make_app: Any) -> None:
    other = Umbel("other")
    app = make_app()

    @app.task
    def who() -> tuple[Any, Any]:
        return current_app.main, current_task.name

    try:
        assert who() == ("proj", who.name)
        assert not current_task
    finally:
        other.close()


def test_a_shared_task_belongs_to_every_app_also_to_later_ones() -> None:
    @shared_task(name="lib.shared")
    def shared(x: int) -> int:
        return x * 2

    app = Umbel("late")
    try:
        assert shared(4) == 8
        assert app.tasks["lib.shared"].apply((5,)).get() == 10
        assert shared.name == "lib.shared"
    finally:
        app.close()


def test_a_task_pickles_as_its_name() -> None:
    app = Umbel("pickling")
    try:

        @app.task
        def work() -> None: ...

        assert pickle.loads(pickle.dumps(work)) is work
    finally:
        app.close()


def test_eager_mode_runs_the_same_way_and_keeps_the_error(make_app: Any) -> None:
    app = make_app(task_always_eager=True)

    @app.task(bind=True, max_retries=2)
    def work(self: Any, values: Any) -> Any:
        if self.request.retries < 1:
            raise self.retry(countdown=10)
        return self.request.is_eager, self.request.id, values

    @app.task
    def fail() -> None:
        raise KeyError("x")

    result = work.delay((1, 2))
    assert result.get() == (True, result.id, [1, 2]), "arguments pass through the serializer"
    failed = fail.delay()
    assert failed.state == "FAILURE"
    with pytest.raises(KeyError):
        failed.get()
    app.conf.task_eager_propagates = True
    with pytest.raises(KeyError):
        fail.delay()


def test_apply_with_throw_raises_what_the_task_raised(app: Umbel) -> None:
    @app.task
    def fail() -> None:
        raise KeyError("x")

    assert fail.apply().state == "FAILURE"
    with pytest.raises(KeyError):
        fail.apply(throw=True)


def test_a_coroutine_function_is_a_task(app: Umbel) -> None:
    @app.task
    async def work(x: int) -> int:
        return x + 1

    assert work.apply((1,)).get() == 2


def test_making_an_app_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Umbel("quiet").close()
