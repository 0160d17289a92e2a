"""The result of a group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from umbel import AsyncResult, api
from umbel.app.current import get_current_app
from umbel.results.result import result_from_tuple
from umbel.wire import json
from umbel_canvas import facts
from umbel_canvas.ids import MemberIds
from umbel_canvas.options import options_of
from umbel_canvas.progress import draw
from umbel_canvas.resultset import ResultSet

#: Of so many members the results are kept, with what they know.
_KEPT = 1000


class Results(Sequence[Any]):
    """The results of a group's members, made when they are looked at, and kept where they know something."""

    def __init__(self, ids: MemberIds, app: Any) -> None:
        self.ids = ids
        self._app = app
        self._known: dict[int, Any] = {}

    def add(self, result: Any) -> None:
        """The result of the next member. Of a call the id is enough."""
        if isinstance(result, GroupResult) or (result.parent is not None and len(self.ids) < _KEPT):
            self._known[len(self.ids)] = result
        self.ids.append(str(result.id))

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        made = self._known.get(index)
        if made is None:
            made = AsyncResult(self.ids[index], app=self._app)
            if len(self) <= _KEPT:
                self._known[index] = made
        return made

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


class GroupResult(ResultSet):
    """The results of a group's members, in order. `save()` it to `restore()` it elsewhere by its id."""

    def __init__(
        self, id: str | None = None, results: Iterable[Any] | None = None, parent: Any = None, app: Any = None, **_: Any
    ) -> None:
        self.id = id
        made = Results(results, app) if isinstance(results, MemberIds) else results or []
        super().__init__(made, app=app)
        self.parent = parent

    @classmethod
    def from_tuple(cls, described: Any, app: Any = None) -> GroupResult:
        """The result that `as_tuple` described."""
        handle, nodes = described
        group_id, parent = handle if isinstance(handle, (list, tuple)) else (handle, None)
        results = [result_from_tuple(each, app) for each in nodes]
        return cls(group_id, results, result_from_tuple(parent, app) if parent else None, app)

    def as_tuple(self) -> Any:
        """Celery's form: `((id, parent), [member, …])`."""
        return (self.id, self.parent and self.parent.as_tuple()), [each.as_tuple() for each in self.results]

    def as_list(self) -> list[str]:
        """The ids of the members."""
        return [each.id for each in self.results]

    @property
    def app(self) -> Any:
        if self._app is None:
            self._app = get_current_app()
        return self._app

    @property
    def children(self) -> Sequence[Any]:
        """The members' results."""
        return self.results

    @property
    def state(self) -> str:
        """SUCCESS, the state of the first member that has failed, or PENDING. Blocks."""
        found = set(self.states())
        return next((each for each in ("FAILURE", "REVOKED", "PENDING") if each in found), self._open(found))

    status = state

    @staticmethod
    def _open(found: set[str]) -> str:
        return "SUCCESS" if found <= {"SUCCESS"} else "PENDING"

    @property
    def graph(self) -> Any:
        """This group, to be drawn."""
        return api.load("Graph").of(self)

    def progress(self, stream: Any = None, timeout: float | None = None) -> GroupResult:
        """Draw a bar on `stream` (standard error) while the members become ready. Blocks; returns itself."""
        draw(self, stream, timeout)
        return self

    def save(self, backend: Any = None) -> GroupResult:
        """Have the backend know which members the group has."""
        shared = options_of(self.app).shared
        if shared is None:
            raise TypeError("a group is saved in the shared state of a result backend, and there is none here")
        shared.put(facts.group_key(str(self.id)), json.dumps({"result": self.as_tuple()}), options_of(self.app).ttl_s)
        return self

    def delete(self, backend: Any = None) -> None:
        """Have the backend forget what `save` told it."""
        shared = options_of(self.app).shared
        if shared is not None:
            shared.delete([facts.group_key(str(self.id))])

    @classmethod
    def restore(cls, id: str, backend: Any = None, app: Any = None) -> GroupResult | None:
        """The group that was saved with this id, or None."""
        app = app if app is not None else get_current_app()
        shared = options_of(app).shared
        stored = shared.get([facts.group_key(id)])[0] if shared is not None else None
        if stored is None:
            return None
        found: GroupResult = cls.from_tuple(json.loads(stored)["result"], app)
        return found

    def __bool__(self) -> bool:
        return bool(self.id or len(self.results))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, GroupResult):
            return self.id == other.id and list(self.results) == list(other.results)
        return self.id == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> Any:
        return GroupResult, (self.id, list(self.results), self.parent)

    def __str__(self) -> str:
        return str(self.id)

    def __repr__(self) -> str:
        shown = ", ".join(each.id for each in self.results[:10])
        return f"<GroupResult: {self.id} [{shown}{', …' if len(self.results) > 10 else ''}]>"
