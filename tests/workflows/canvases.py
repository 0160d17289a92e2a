"""The tasks of the workflows under test, and the workflows themselves: `names` say what each is meant to show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from umbel import Umbel, chain, chord, group

#: What the tasks below have been seen to do, in this process.
SEEN: list[Any] = []
_lock = threading.Lock()


def define(app: Umbel) -> Any:
    """Give the app its tasks; returns them as attributes of one object."""

    class Tasks:
        pass

    made = Tasks()

    def task(**options: Any) -> Callable[[Any], Any]:
        def register(function: Any) -> Any:
            setattr(made, function.__name__, app.task(name=f"w.{function.__name__}", **options)(function))
            return function

        return register

    @task()
    def add(x: Any, y: Any = 0) -> Any:
        return x + y

    @task()
    def total(numbers: Any) -> Any:
        return sum(numbers)

    @task()
    def same(*args: Any) -> Any:
        return list(args)

    @task(throws=(ValueError,))
    def fail(*args: Any) -> Any:
        raise ValueError("as it was told")

    @task(bind=True, max_retries=3)
    def unsteady(self: Any, value: Any) -> Any:
        if self.request.retries < 2:
            raise self.retry(countdown=0)
        return value

    @task(bind=True)
    def swap(self: Any, value: Any) -> Any:
        return self.replace(made.add.si(value, 100))  # type: ignore[attr-defined]

    @task(bind=True)
    def swap_for_chain(self: Any, value: Any) -> Any:
        return self.replace(made.add.si(value, 1) | made.add.s(10))  # type: ignore[attr-defined]

    @task(bind=True)
    def swap_for_group(self: Any, value: Any) -> Any:
        return self.replace(group(made.add.si(value, 1), made.add.si(value, 2)))  # type: ignore[attr-defined]

    @task(bind=True)
    def grow(self: Any, value: Any) -> Any:
        self.add_to_chord(made.add.si(value, 1000))  # type: ignore[attr-defined]
        return value

    @task(bind=True, max_retries=3)
    def again(self: Any, *args: Any) -> Any:
        if self.request.retries < 1:
            raise self.retry(countdown=0)
        return ["again", *args]

    @task(bind=True)
    def other(self: Any, *args: Any) -> Any:
        return self.replace(made.same.si(*args))  # type: ignore[attr-defined]

    @task(bind=True)
    def others(self: Any, *args: Any) -> Any:
        return self.replace(made.same.si(*args) | made.again.s())  # type: ignore[attr-defined]

    @task(bind=True)
    def several(self: Any, *args: Any) -> Any:
        return self.replace(group(made.same.si(*args), made.again.si(*args)))  # type: ignore[attr-defined]

    @task(bind=True)
    def worse(self: Any, *args: Any) -> Any:
        return self.replace(chord([made.same.si(*args), made.fail.si()], made.same.s()))  # type: ignore[attr-defined]

    @task()
    def note(*args: Any) -> Any:
        with _lock:
            SEEN.append(list(args))
        return list(args)

    return made


def shapes(t: Any) -> dict[str, Any]:
    """Workflows with what they return."""
    a, total, same = t.add, t.total, t.same
    return {
        "one": (a.s(1, 2), 3),
        "chain": (a.s(1, 2) | a.s(3) | a.s(4), 10),
        "group": (group(a.s(1, 1), a.s(2, 2)), [2, 4]),
        "chord": (chord([a.s(1, 1), a.s(2, 2)], total.s()), 6),
        "empty chord": (chord([], total.s()), 0),
        "chord then chain": (group(a.s(1, 1), a.s(2, 2)) | total.s() | a.s(10), 16),
        "chain then group": (a.s(1, 1) | group(a.s(1), a.s(2)), [3, 4]),
        "chain group task": (a.s(1, 1) | group(a.s(1), a.s(2)) | total.s(), 7),
        "group then group": (group(a.s(1), a.s(2)) | group(same.s(), same.s()), [[[1, 2]], [[1, 2]]]),
        "group group task": (group(a.s(1), a.s(2)) | group(total.s(), total.s()) | total.s(), 6),
        "task group group": (chain(a.s(1), group(a.s(1), a.s(2)), group(total.s(), total.s())), [5, 5]),
        "chord in chain": (chain(a.s(1), chord([a.s(1), a.s(2)], total.s()), a.s(7)), 12),
        "chord in header": (chord([chord([a.s(1), a.s(2)], total.s()), a.s(3)], total.s()), 6),
        "chain in header": (chord([a.s(1) | a.s(2), a.s(3) | a.s(4) | a.s(5)], same.s()), [[3, 12]]),
        "group in header": (chord([group(a.s(1), a.s(2)), a.s(3)], same.s()), [[1, 2, 3]]),
        "chain to group in header": (chord([chain(a.s(1), group(a.s(1), a.s(2))), a.s(1)], same.s()), [[[2, 3], 1]]),
        "body is a chord": (chord([a.s(1), a.s(2)], chord([same.s(), same.s()], same.s())), [[[[1, 2]], [[1, 2]]]]),
        "body is a group": (chord([a.s(1), a.s(2)], group(total.s(), total.s())), [3, 3]),
        "nested bodies": (_nested(t, 6), 3 * 2**6),
        "immutable": (chain(a.s(1, 1), a.si(5, 5), a.s(1)), 11),
        "partials": ((a.s(1) | a.s(2)).clone((10,)), 13),
        "long chain": (chain(a.s(0, 0), *(a.s(1) for _ in range(100))), 100),
        "wide chord": (chord([a.s(n, 0) for n in range(100)], total.s()), 4950),
        "chord of a generator": (chord((a.s(n, 0) for n in range(30)), total.s()), 435),
        "retry in header": (chord([t.unsteady.s(1), a.s(2)], total.s()), 3),
        "replaced in chain": (chain(a.s(1), t.swap.s(), a.s(1)), 102),
        "replaced by a chain": (chain(a.s(1), t.swap_for_chain.s(), a.s(1)), 13),
        "replaced by a group": (chain(a.s(1), t.swap_for_group.s(), total.s()), 5),
        "replaced in header": (chord([t.swap.s(1), t.swap_for_chain.s(2), a.s(3)], same.s()), [[101, 13, 3]]),
        "group in header replaced": (chord([t.swap_for_group.s(1), a.s(3)], same.s()), [[[2, 3], 3]]),
        "map": (a.map([1, 2, 3]), [1, 2, 3]),
        "starmap": (a.starmap([(1, 2), (3, 4)]), [3, 7]),
        "chunks": (a.chunks([(1, 2), (3, 4), (5, 6)], 2), [[3, 7], [11]]),
        "chunks in chord": (chord(a.chunks([(1, 2), (3, 4), (5, 6)], 2).group(), same.s()), [[[3, 7], [11]]]),
    }


def _nested(t: Any, depth: int) -> Any:
    """A chord whose body is a chord whose body …, each header being as wide as it is deep."""
    body = t.total.s()
    for _ in range(depth):
        body = chord([t.total.s(), t.total.s()], body)
    return chord([t.add.s(1, 0), t.add.s(2, 0)], body)


NAMES = [
    "one", "chain", "group", "chord", "empty chord", "chord then chain", "chain then group", "chain group task",
    "group then group", "group group task", "task group group", "chord in chain", "chord in header", "chain in header",
    "group in header", "chain to group in header", "body is a chord", "body is a group", "nested bodies", "immutable",
    "partials", "long chain", "wide chord", "chord of a generator", "retry in header", "replaced in chain",
    "replaced by a chain", "replaced by a group", "replaced in header", "group in header replaced", "map", "starmap",
    "chunks", "chunks in chord",
]  # fmt: skip
