"""Parts of workflows that are stored once, and the signatures that stand for them in messages.

So a chain of a thousand steps takes a thousand small messages, and not a thousand that carry all steps to come.
Celery's workers cannot follow a reference: what goes to their queues (`canvas_celery_queues`) carries everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from umbel import signature
from umbel.app.routing import Routes
from umbel.exceptions import ImproperlyConfigured
from umbel_canvas import facts
from umbel_canvas.options import options_of
from umbel_canvas.signature import Signature


@Signature.register_type("reference")
class Reference(Signature):
    """Stands for a signature that is stored in the backend; it is read when it is needed. Every message of a header
    carries one, so it says no more than it must."""

    def __init__(self, key: str, task_id: str | None, app: Any = None) -> None:
        options = {"task_id": task_id} if task_id else {}
        super().__init__({"kwargs": {"key": key}, "options": options, "subtask_type": "reference"}, app=app)

    @property
    def task(self) -> str:
        return "umbel.reference"

    @classmethod
    def from_dict(cls, described: Mapping[str, Any], app: Any = None) -> Any:
        made = cls(described["kwargs"]["key"], (described.get("options") or {}).get("task_id"), app)
        made["options"] = dict(described.get("options") or {})
        if described.get("args"):
            made["args"] = tuple(described["args"])
        return made

    def load(self) -> Any:
        """The signature itself. Blocks; raises `ImproperlyConfigured` if it is not there any more."""
        shared = options_of(self.app).shared
        key = stored_at(self)
        stored = shared.get([key])[0] if shared is not None and key is not None else None
        if stored is None:
            raise ImproperlyConfigured(
                f"the rest of a workflow ({key}) is not in the result backend: expected the backend in"
                " which it was stored, less than result_chord_expires (or result_expires) ago"
            )
        return self.opened(stored)

    def opened(self, stored: bytes) -> Any:
        """The signature itself, from what is stored of it."""
        found = signature(facts.unpacked(stored), app=self.app)
        for key in ("link", "link_error"):
            found.extend_list_option(key, self.options.get(key) or ())
        return found.clone(self.args) if self.args else found

    @staticmethod
    def fitted(call: Any, options: Mapping[str, Any], nodes: Sequence[Any], copies: int | None = 1) -> list[Any]:
        """Nodes in the form in which a message of `call` carries them: the steps to come, or the body of a chord.

        So many messages carry them; None: nobody knows how many.
        """
        app = call.app
        queues, most = options_of(app).celery_queues, options_of(app).inline_calls
        if queues and _queue(call, options) in queues:
            return [whole(signature(node, app=app)) for node in nodes]
        calls = weight(nodes, most)
        if calls < 2 or (copies is not None and calls * copies <= most):
            found = list(nodes)
        else:
            with Store(app) as store:
                found = store.rest(nodes) if copies == 1 else [store.apart(node) for node in nodes]
        return found if copies == 1 else [_nameless(node, app) for node in found]

    def apply_async(
        self,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        route_name: str | None = None,
        **options: Any,
    ) -> Any:
        return self.load().apply_async(args, kwargs, **options)

    def apply(self, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None, **options: Any) -> Any:
        return self.load().apply(args, kwargs, **options)

    def freeze(self, _id: str | None = None, **place: Any) -> Any:
        """It has its id already."""
        return self.app.AsyncResult(self.id)


def weight(nodes: Any, most: int) -> int:
    """How many calls there are, counted up to a little above `most`; with the body that a call is counted for."""
    total = 0
    for node in nodes:
        around = (node.get("options") or {}).get("chord")
        total += weight([around], most) if around else 0
        kind = node.get("subtask_type")
        parts = node["kwargs"] if kind in ("chain", "group", "chord") else None
        if parts is None:
            total += 1
        else:
            listed = parts["header" if kind == "chord" else "tasks"]
            inner = listed["kwargs"]["tasks"] if isinstance(listed, dict) else listed
            total += weight(inner, most - total) + (weight([parts["body"]], most) if parts.get("body") else 0)
        if total > most:
            break
    return total


def _nameless(node: Any, app: Any) -> Any:
    """A reference without the id that what it stands for has as well; only who waits for a result needs to know it."""
    if node.get("subtask_type") != "reference" or node.get("args") or set(node["options"]) - {"task_id"}:
        return node
    return Reference(node["kwargs"]["key"], None, app)


class Store:
    """Where parts of workflows of an app are kept; those of one workflow are written together, at the end."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._shared = options_of(app).shared
        self._most = options_of(app).inline_calls
        self._ttl_s = options_of(app).ttl_s
        self._values: dict[str, bytes] = {}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed is None and self._shared is not None and self._values:
            self._shared.put_all(self._values, self._ttl_s)

    def rest(self, steps: Sequence[Any]) -> list[Any]:
        """Steps that weigh little: most of them are stored, if they are many."""
        if self._shared is None or weight(steps, self._most) <= self._most:
            return list(steps)
        light = [self.light(step) for step in steps]
        pieces = [light[start : start + self._most] for start in range(0, len(light), self._most)]
        following: list[Any] = []
        for piece in reversed(pieces[1:]):
            following = [self._put(_chain([*piece, *following]), ([*piece, *following])[-1])]
        return [*pieces[0], *following]

    def apart(self, node: Any) -> Any:
        """A reference to the node, unless it is one call."""
        made = self.light(node)
        return made if self._shared is None or weight([made], 1) < 2 else self._put(made, node)

    def light(self, node: Any) -> Any:
        """The node, or a reference to it if it weighs much."""
        if self._shared is None:
            return node
        if node.get("subtask_type") == "chord":
            node = self._bodied(node)
        if weight([node], self._most) <= self._most:
            return node
        made = dict(node)
        parts = made["kwargs"] = dict(made["kwargs"])
        kind = made["subtask_type"]
        if kind == "chain":
            parts["tasks"] = self.rest(parts["tasks"])
        else:
            name = "header" if kind == "chord" else "tasks"
            parts[name] = self._members(parts[name])
        if parts.get("body"):
            parts["body"] = self.light(parts["body"])
        return made if weight([made], self._most) <= self._most else self._put(made, node)

    def _bodied(self, chord: Any) -> Any:
        """The chord with its body stored apart, if whoever sends its header would do so: then he need not."""
        parts = chord["kwargs"]
        members, body = parts["header"], parts.get("body")
        size = len(members["kwargs"]["tasks"] if isinstance(members, dict) else members)
        if not body or size * weight([body], self._most) <= self._most:
            return chord
        return {**chord, "kwargs": {**parts, "body": self.apart(body)}}

    def _members(self, listed: Any) -> Any:
        if isinstance(listed, dict):
            tasks = [self.light(each) for each in listed["kwargs"]["tasks"]]
            return {**listed, "kwargs": {**listed["kwargs"], "tasks": tasks}}
        return [self.light(each) for each in listed]

    def _put(self, node: Any, like: Any) -> Reference:
        assert self._shared is not None
        key = facts.short_id()
        self._values[facts.node_key(key)] = facts.packed(node)
        return Reference(key, result_id(like), self._app)


def stored_at(node: Any) -> str | None:
    """The key under which all of the node is stored; None if it is whole."""
    return facts.node_key(node["kwargs"]["key"]) if node.get("subtask_type") == "reference" else None


def result_id(node: Any) -> str | None:
    """The id of the call whose result is that of the node, if it has one already."""
    kind = node.get("subtask_type")
    if kind == "chord":
        return result_id(node["kwargs"]["body"]) if node["kwargs"].get("body") else None
    if kind == "chain":
        return result_id(node["kwargs"]["tasks"][-1]) if node["kwargs"]["tasks"] else None
    found: str | None = (node.get("options") or {}).get("task_id")
    return found


def whole(node: Any) -> Any:
    """The node with what its references stand for. Blocks."""
    node = signature(node)
    kind = node.get("subtask_type")
    if kind == "reference":
        return whole(node.load())
    if kind not in ("chain", "group", "chord"):
        return node
    made = node.clone()
    made.tasks = [whole(each) for each in made.tasks]
    if kind == "chord" and made.body is not None:
        made.body = whole(made.body)
    return made


def _queue(call: Any, options: Mapping[str, Any]) -> str | None:
    """Where a call goes."""
    if options.get("queue"):
        return str(options["queue"])
    routes = Routes(call.app.conf)
    task = call.app.tasks.get(call.task)
    return routes.route(routes.options(call.task, call.args, call.kwargs, options, task)).queue


def _chain(steps: Sequence[Any]) -> dict[str, Any]:
    return {
        "task": "celery.chain", "args": [], "kwargs": {"tasks": list(steps)}, "options": {}, "subtask_type": "chain",
        "immutable": False,
    }  # fmt: skip
