"""What can be known to be wrong with a workflow is said at the call, with the way to the node that is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from umbel.app.signature import Signature
from umbel.exceptions import ImproperlyConfigured, NotRegistered, UnserializableArgument, UnsupportedError
from umbel.meant import meant
from umbel_canvas.making import kind_of
from umbel_canvas.members import Stream
from umbel_canvas.options import options_of


def checked(node: Any) -> Any:
    """The node. Raises what its call would raise later, elsewhere, or never."""
    app = node.app
    for path, each, in_header in walk(node, ()):
        if not isinstance(each, Signature):
            raise TypeError(f"{path}: expected a signature, found {type(each).__name__}: {each!r:.80}")
        if kind_of(each) == "chord":
            _check_chord(app, path)
        elif kind_of(each) == "chain" and not each["kwargs"]["tasks"] and each is not node:
            raise ValueError(f"{path}: a chain without a step has no result: leave it out")
        elif kind_of(each) == "task":
            check_call(app, path, each, in_header)
    return node


Visit = tuple[str, Any, bool]


def walk(node: Any, around: tuple[Any, ...], path: str = "", in_header: bool = False) -> Iterator[Visit]:
    """Every node with the way to it, and whether a chord counts what it returns. Raises `ValueError` for a circle."""
    if any(each is node for each in around):
        raise ValueError(
            f"{path}: this workflow is a part of itself: each node may stand below itself only as a clone()"
        )
    kind = kind_of(node) if isinstance(node, dict) else ""
    where = f"{path}{'.' if path and kind not in ('task', '') else ''}{kind if kind not in ('task', '') else ''}"
    yield where or "call", node, in_header
    around = (*around, node)
    if kind == "chain":
        last = len(node.tasks) - 1
        for number, each in enumerate(node.tasks):
            yield from walk(each, around, f"{where}[{number}]", in_header and number == last)
    elif kind == "group" and not isinstance(node.parts["tasks"], Stream):
        for number, each in enumerate(node.tasks):
            yield from walk(each, around, f"{where}[{number}]", in_header)
    elif kind == "chord":
        if not isinstance(node.source, Stream):
            for number, each in enumerate(node.tasks):
                yield from walk(each, around, f"{where}.header[{number}]", True)
        if node.body is not None:
            yield from walk(node.body, around, f"{where}.body", in_header)
    yield from _links(node, around, where)


def _links(node: Any, around: tuple[Any, ...], where: str) -> Iterator[Visit]:
    options = node.get("options") if isinstance(node, dict) else None
    for key in ("link", "link_error"):
        linked = (options or {}).get(key) or ()
        for number, each in enumerate(linked if isinstance(linked, (list, tuple)) else [linked]):
            yield from walk(each, around, f"{where}.{key}[{number}]")


def check_call(app: Any, path: str, call: Any, in_header: bool) -> None:
    """One call: its task is known where it must be, its arguments can travel, a header keeps its results."""
    name = call.get("task")
    task = getattr(call, "_type", None) or app.tasks.get(name)
    if task is None:
        _check_name(app, path, name)
    ignores = call.options.get("ignore_result")
    if in_header and (ignores or (ignores is None and task is not None and task.ignore_result)):
        raise ValueError(
            f"{path} ({name}): ignores its result, and the chord needs it: set ignore_result=False for this call"
        )
    if call.args or call.kwargs:
        serializer = call.options.get("serializer") or (task.serializer if task is not None else None)
        _check_arguments(app, path, call, serializer or app.conf.task_serializer)


def _check_arguments(app: Any, path: str, call: Any, serializer: str) -> None:
    # Most arguments are plain; only others are worth encoding once more.
    if all(type(each) in _PLAIN for each in (*call.args, *call.kwargs.values())):
        return
    dumps = app.formats.serializer(serializer).dumps
    for where, each in (*enumerate(call.args), *call.kwargs.items()):
        try:
            dumps(each)
        except Exception as error:
            kind = f"{type(each).__module__}.{type(each).__qualname__}"
            raise UnserializableArgument(
                f"{path} ({call.task}): argument {where!r} is a {kind}, which {serializer} cannot hold ({error})"
            ) from error


def _check_name(app: Any, path: str, name: Any) -> None:
    """A name that no process has can be known only where the module that it names is here, with other tasks in it."""
    if not isinstance(name, str) or not name:
        raise TypeError(f"{path}: expected the name of a task, found {name!r}")
    module = name.rpartition(".")[0]
    here = [
        each.name for each in app.tasks.values() if each.__module__ == module and each.name.startswith(f"{module}.")
    ]
    if module in sys.modules and here:
        close = meant(name, here, 1)
        hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(sorted(here))}"
        raise NotRegistered(f"{path}: there is no task {name!r} in {module}{hint}")


def _check_chord(app: Any, path: str) -> None:
    if options_of(app).is_eager:
        return
    if app.backend is None:
        raise ImproperlyConfigured(
            f"{path}: a chord needs a result backend, to count its header: set result_backend here and on the workers"
        )
    if options_of(app).shared is None:
        raise UnsupportedError(
            f"{path}: a chord needs a result backend that can count, and {app.backend!r} has no 'shared_state'"
        )


_PLAIN = frozenset({int, float, str, bool, type(None)})
