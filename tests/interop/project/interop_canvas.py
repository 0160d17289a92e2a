"""Workflows written once, for both kinds: `canvas` is the package that the app's class comes from."""

from __future__ import annotations

import importlib


def define(app, kind):
    """The tasks that the workflows below are made of."""
    canvas = importlib.import_module(kind)

    @app.task(name="interop.total")
    def total(numbers):
        return sum(numbers)

    @app.task(name="interop.same")
    def same(*args):
        return list(args)

    @app.task(name="interop.told", bind=True)
    def told(self, *args):
        return self.request.id

    @app.task(name="interop.swap", bind=True)
    def swap(self, value):
        return self.replace(app.signature("interop.add", (value, 100), immutable=True))

    @app.task(name="interop.swap_for_group", bind=True)
    def swap_for_group(self, value):
        return self.replace(canvas.group(app.signature("interop.add", (value, number)) for number in (1, 2)))


def shapes(canvas, app):
    """Each with what it returns; the same for either kind."""

    def s(name, *args, **options):
        return app.signature(f"interop.{name}", args, **options)

    chain, group, chord = canvas.chain, canvas.group, canvas.chord
    add, total, same = "add", "total", "same"
    return {
        "chain": (chain(s(add, 1, 2), s(add, 3), s(add, 4)), 10),
        "group": (group(s(add, 1, 1), s(add, 2, 2)), [2, 4]),
        "chord": (chord([s(add, 1, 1), s(add, 2, 2)], s(total)), 6),
        "empty chord": (chord([], s(total)), 0),
        "chain group task": (chain(s(add, 1, 1), group(s(add, 1), s(add, 2)), s(total)), 7),
        "group group task": (chain(group(s(add, 1, 0), s(add, 2, 0)), group(s(total), s(total)), s(total)), 6),
        "chord in chain": (chain(s(add, 1, 0), chord([s(add, 1), s(add, 2)], s(total)), s(add, 7)), 12),
        "chord in header": (chord([chord([s(add, 1, 0), s(add, 2, 0)], s(total)), s(add, 3, 0)], s(total)), 6),
        "chain in header": (chord([chain(s(add, 1, 0), s(add, 2)), chain(s(add, 3, 0), s(add, 4))], s(same)), [[3, 7]]),
        "body is a chain": (chord([s(add, 1, 0), s(add, 2, 0)], chain(s(total), s(add, 10))), 13),
        "body is a group": (chord([s(add, 1, 0), s(add, 2, 0)], group(s(total), s(total))), [3, 3]),
        "body is a chord": (
            chord([s(add, 1, 0), s(add, 2, 0)], chord([s(same), s(same)], s(same))),
            [[[[1, 2]], [[1, 2]]]],
        ),
        "wide chord": (chord([s(add, number, 0) for number in range(40)], s(total)), 780),
        "replaced in chain": (chain(s(add, 1, 0), s("swap"), s(add, 1)), 102),
        "replaced in header": (chord([s("swap", 1), s(add, 3, 0)], s(same)), [[101, 3]]),
        "replaced by a group": (chain(s(add, 1, 0), s("swap_for_group"), s(total)), 5),
        "immutable": (chain(s(add, 1, 1), s(add, 5, 5, immutable=True), s(add, 1)), 11),
        "starmap": (app.signature("celery.starmap", kwargs={"task": s(add), "it": [[1, 2], [3, 4]]}), [3, 7]),
    }


def failures(canvas, app):
    """Each ends with this exception; the first step of a body and its errback are never reached twice."""

    def s(name, *args, **options):
        return app.signature(f"interop.{name}", args, **options)

    return {
        "chain": (canvas.chain(s("fail", "ValueError", "no"), s("add", 1), s("add", 2)), "ValueError"),
        "chord": (canvas.chord([s("add", 1, 1), s("fail", "ValueError", "no")], s("total")), "ChordError"),
        "chain in header": (
            canvas.chord([canvas.chain(s("fail", "ValueError", "no"), s("add", 1)), s("add", 1, 1)], s("total")),
            "ChordError",
        ),
        "chord in header": (
            canvas.chord([canvas.chord([s("fail", "ValueError", "no")], s("total")), s("add", 1, 1)], s("total")),
            "ChordError",
        ),
        "body": (canvas.chord([s("add", 1, 1)], s("fail", "ValueError")), "TypeError"),
    }


NAMES = [
    "chain", "group", "chord", "empty chord", "chain group task", "group group task", "chord in chain",
    "chord in header", "chain in header", "body is a chain", "body is a group", "body is a chord", "wide chord",
    "replaced in chain", "replaced in header", "replaced by a group", "immutable", "starmap",
]  # fmt: skip
FAILURES = ["chain", "chord", "chain in header"]
#: Celery's workers do not tell an outer chord that an inner one has failed. Where it was begun by Umbel, its reconciler
#: finds that out.
NESTED_FAILURES = ["chord in header"]
