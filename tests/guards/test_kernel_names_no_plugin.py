"""The kernel knows kinds, never features.

The names of a plugin are its distribution (`umbel-acme`), its package (`umbel_acme`) and its entry points of the eight
kinds (`acme`). In `core/src`:

1. The name of a distribution or package stands nowhere, comments and docstrings included.
2. The name of an entry point is not a word of an identifier, nor of a string that the program uses. A docstring or a
   comment may name a server or a driver as an example: nothing depends on it.
3. Where the name is also a word that everybody uses (`WORDS`), it may be part of identifiers and of messages; what it
   must not be is a string of its own, which would be a choice of that driver, or the scheme of a URL.

A distribution without entry points, such as the conformance kit, is not a plugin.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from source_tree import Distribution, Module, distributions

#: Names of drivers that are everyday words too.
WORDS = {
    "amqp",  # a part of Celery's app
    "asyncio",  # a module of Python's
    "beat",
    "control",
    "demo",
    "eager",
    "eventlet",  # a part of the names of Celery's signals
    "events",
    "memory",
    "multi",
    "processes",
    "rpc",
    "shell",
    "status",
    "threads",
}
#: Names that the contracts use for something else: features of drivers.
FEATURES = {"processes"}


def test_no_distribution_of_a_plugin_is_named_in_the_kernel(core: Distribution) -> None:
    names = [each.name for each in _plugins()]
    pattern = re.compile("|".join(rf"\b{re.escape(name).replace('-', '[-_]')}\b" for name in names) or r"(?!)")
    named = [
        f"{module}:{number}: {found[0]}"
        for module in core.modules
        for number, line in enumerate(module.text.splitlines(), 1)
        if (found := pattern.search(line))
    ]
    assert not named, f"the kernel must ask for a kind, or read entry points, instead of naming a plugin: {named}"


def test_no_driver_of_a_plugin_is_named_in_the_kernel(core: Distribution) -> None:
    named = [
        f"{module}:{line}: {word!r} in {text!r}"
        for module in core.modules
        for line, text, word in _named(module, _drivers())
    ]
    assert not named, f"the kernel must take what the settings and entry points say instead of naming a driver: {named}"


def _plugins() -> list[Distribution]:
    return [each for each in distributions() if each.name != "umbel-core" and each.entry_points]


def _drivers() -> set[str]:
    own = {name for kind, name in distributions()[0].entry_points}
    words = ("api", "command", "default", "hint")  # groups whose names are words, not drivers
    others = {name for each in _plugins() for kind, name in each.entry_points if kind not in words}
    return others - own - FEATURES


def _named(module: Module, drivers: set[str]) -> Iterator[tuple[int, str, str]]:
    for line, text in _identifiers(module):
        yield from ((line, text, word) for word in _words(text) & drivers - WORDS)
    for string in module.strings():
        text = str(string.value)
        chosen = {text, text.partition("://")[0], text.partition(":")[2]} & drivers & WORDS
        yield from ((string.lineno, text, word) for word in chosen | _words(text) & drivers - WORDS)


def _identifiers(module: Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module.tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            text = getattr(node, field, None)
            if isinstance(text, str):
                yield getattr(node, "lineno", 0), text


def _words(text: str) -> set[str]:
    """`SqliteTransport`, `sqlite_path` and `sqlite://x` all have the word `sqlite`."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", text)}


def test_the_rule_sees_what_it_should(tmp_path) -> None:
    path = tmp_path / "kernel.py"
    path.write_text(
        '"""As with acme://."""\nAcmeTransport = 1\nurl = "acme://x"\npool = "threads"\nthreads = [1]\n'
        'raise_ = "too many threads"\nfeature = "threadsafe"\n'
    )
    found = [(line, word) for line, _, word in _named(Module(path, tmp_path), {"acme", "threads"})]
    assert sorted(found) == [(2, "acme"), (3, "acme"), (4, "threads")]
