"""Workflows of those who have Celery's canvas: `canvas` is the package that the app's class comes from."""

from __future__ import annotations

from typing import Any

#: How deep and how wide nested chords are.
DEPTH, WIDTH = 6, 10


def define(app: Any, canvas: Any) -> Any:
    """Give the app its tasks; returns `run(shape, n)`, which sends a workflow and waits until it has ended."""
    kept = {"ignore_result": False}

    @app.task(name="bench.one", **kept)
    def one(*_: Any) -> int:
        return 1

    @app.task(name="bench.count", **kept)
    def count(values: Any) -> int:
        return len(values)

    def nested(depth: int) -> Any:
        body = count.s() if depth == 1 else nested(depth - 1)
        return canvas.chord([one.s() for _ in range(WIDTH)], body)

    def chords(n: int) -> list[Any]:
        return [canvas.chord([one.s() for _ in range(10)], count.s()) for _ in range(n)]

    shapes = {
        "chords of 10": (chords, 10),
        "one chord": (lambda n: [canvas.chord([one.s() for _ in range(n)], count.s())], None),
        "chain": (lambda n: [canvas.chain(*(one.s() for _ in range(n)))], 1),
        "nested chords": (lambda n: [nested(DEPTH) for _ in range(n)], WIDTH),
    }

    def run(shape: str, n: int) -> None:
        made, expected = shapes[shape]
        results = [workflow.apply_async() for workflow in made(n)]
        for result in results:
            found = result.get(timeout=600)
            if found != (expected or n):
                raise AssertionError(f"{shape} of {n} returned {found!r}")

    return run
