"""What can be known to be wrong is refused at the call, with the way to the node that is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from umbel import Umbel, chain, chord, group
from umbel.exceptions import ImproperlyConfigured, NotRegistered, UnserializableArgument, UnsupportedError


def test_a_workflow_in_itself_is_refused(tasks: SimpleNamespace) -> None:
    inner = group(tasks.add.s(1), tasks.add.s(2))
    inner.tasks.append(inner)
    with pytest.raises(ValueError, match=r"chain\[1\]\.group\[2\]: this workflow is a part of itself"):
        chain.of([tasks.add.s(1), inner]).apply_async()


def test_a_link_to_itself_is_refused(tasks: SimpleNamespace) -> None:
    call = tasks.add.s(1)
    call.options["link"] = [call]
    with pytest.raises(ValueError, match=r"group\[0\]\.link\[0\]: this workflow is a part of itself"):
        group(call).apply_async()


def test_an_argument_that_cannot_travel_is_refused_with_its_place(tasks: SimpleNamespace) -> None:
    canvas = tasks.add.s(1) | chord([tasks.add.s(1), tasks.add.s(object())], tasks.total.s())
    with pytest.raises(UnserializableArgument, match=r"chain\[1\]\.chord\.header\[1\] \(proj\.add\): argument 0 is a"):
        canvas.apply_async()


def test_a_misspelled_task_of_a_module_that_is_here_is_refused(app: Umbel) -> None:
    @app.task
    def known() -> None: ...

    module = known.name.rpartition(".")[0]
    canvas = chain(known.si(), app.signature(f"{module}.knwon"))
    with pytest.raises(NotRegistered, match=r"chain\[1\]: there is no task .*knwon'.* did you mean .*known'"):
        canvas.apply_async()


def test_a_header_that_ignores_its_results_is_refused(app: Umbel, tasks: SimpleNamespace) -> None:
    @app.task(name="proj.silent", ignore_result=True)
    def silent() -> None: ...

    with pytest.raises(ValueError, match=r"chord\.header\[1\] \(proj\.silent\): ignores its result"):
        chord([tasks.add.s(1), silent.s()], tasks.total.s()).apply_async()
    with pytest.raises(ValueError, match=r"chord\.header\[0\]\.chain\[1\] \(proj\.add\): ignores its result"):
        chord([tasks.add.s(1) | tasks.add.s(1).set(ignore_result=True)], tasks.total.s()).apply_async()


def test_a_chord_needs_a_backend(app: Umbel, tasks: SimpleNamespace) -> None:
    app.resources.__dict__["backend"] = None
    with pytest.raises(ImproperlyConfigured, match=r"chain\[1\]\.chord: a chord needs a result backend"):
        (tasks.add.s(1) | chord([tasks.add.s(1)], tasks.total.s())).apply_async()


def test_a_chord_needs_a_backend_that_can_count(app: Umbel, tasks: SimpleNamespace) -> None:
    app.backend.features = frozenset()  # type: ignore[union-attr]
    with pytest.raises(UnsupportedError, match=r"^chain\[1\]\.chord: a chord needs a result backend that can count"):
        (tasks.add.s(1) | chord([tasks.add.s(1)], tasks.total.s())).apply_async()


def test_where_everything_is_eager_a_chord_needs_no_backend(app: Umbel, tasks: SimpleNamespace) -> None:
    app.conf.update(task_always_eager=True, result_backend="disabled")
    assert chord([tasks.add.s(1), tasks.add.s(2)], tasks.total.s()).apply_async().get() == 3


def test_a_chord_needs_a_body(tasks: SimpleNamespace) -> None:
    with pytest.raises(TypeError, match="a chord needs a body"):
        chord([tasks.add.s(1)]).apply_async()


def test_arguments_that_do_not_fit_are_refused(tasks: SimpleNamespace) -> None:
    with pytest.raises(TypeError, match=r"proj\.add.*cannot be called"):
        group(tasks.add.s(1, 2, 3)).apply_async()
