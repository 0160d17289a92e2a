"""Sphinx extension: pages may hold `<!-- generated: NAME -->`, which becomes what NAME says of the source.

So the reference cannot lag behind: there is no file that somebody would have to write again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from umbel_docs import architecture, capabilities, commands, errors, hooks, modules, parity, settings

DOCS = Path(__file__).parents[2]
GENERATORS: dict[str, Callable[[], str]] = {
    "settings": settings.markdown,
    "commands": commands.markdown,
    "unread-settings": settings.unread,
    "hooks": hooks.markdown,
    "errors": errors.markdown,
    "modules": modules.markdown,
    "kernel-size": modules.size,
    "kinds": architecture.kinds,
    "transports": capabilities.transports,
    "pools": capabilities.pools,
    "parity": parity.markdown,
    "graph": architecture.graph,
    "picture": architecture.picture,
    # Lines of the table of contents; the pages themselves come from runs of the benchmarks, and need not be there.
    "benchmarks": lambda: "\n".join(sorted(page.stem for page in DOCS.glob("benchmarks*.md"))),
}
_MARK = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->")
#: A block that is a file gets its name as a caption.
_FILE = re.compile(r"^```(?P<language>\w+) \{(?:file|patch)=(?P<file>[^\s}]+)[^}]*\}$", re.MULTILINE)


def setup(app: Sphinx) -> dict[str, Any]:
    for kind in ("setting", "hook", "command"):
        app.add_object_type(kind, kind, f"pair: %s; {kind}", parse_node=_name)
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _name(env: BuildEnvironment, signature: str, node: addnodes.desc_signature) -> str:
    """What references call it: the signature without its arguments."""
    node += addnodes.desc_name(signature, signature)
    return signature.partition("(")[0]


def filled(text: str) -> str:
    """The page with its marks replaced. Raises `KeyError` for a name that no generator has."""
    text = _MARK.sub(lambda mark: GENERATORS[mark["name"]](), text)
    return _FILE.sub("```{code-block} \\g<language>\n:caption: \\g<file>\n", text)


def _fill(app: Sphinx, docname: str, source: list[str]) -> None:
    source[0] = filled(source[0])
