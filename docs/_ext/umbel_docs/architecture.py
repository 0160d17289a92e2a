"""What the architecture page shows of the code: the kinds, and the graph of a worker."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager

from click.testing import CliRunner

from umbel import Umbel
from umbel.cli.root import root
from umbel.contracts import CONTRACT_VERSIONS, CONTRACTS
from umbel.plugin.catalogue import Catalogue
from umbel.worker import Worker
from umbel_docs.picture import svg


def kinds() -> str:
    """A row for each kind of driver."""
    catalogue = Catalogue()
    lines = ["| kind | contract | version | installed here |", "|---|---|---|---|"]
    for kind, contract in CONTRACTS.items():
        about = (inspect.getdoc(inspect.getmodule(contract)) or "").partition(":")[2].strip().rstrip(".")
        oldest, newest = CONTRACT_VERSIONS[kind]
        versions = f"{oldest}" if oldest == newest else f"{oldest}–{newest}"
        installed = ", ".join(f"`{name}`" for name in catalogue.names(kind)) or "—"
        lines.append(
            f"| `{kind}` | {{py:class}}`~umbel.contracts.{contract.__name__}`: {about} | {versions} | {installed} |"
        )
    return "\n".join(lines)


def graph() -> str:
    """What `umbel graph` prints, in a block."""
    with _no_configuration():
        drawn = CliRunner().invoke(root, ["graph"], obj=_app())
    assert drawn.exit_code == 0, drawn.output
    return f"```text\n{drawn.output}```"


def picture() -> str:
    """The same, drawn."""
    with _no_configuration():
        return svg(Worker(_app()).graph())


def _app() -> Umbel:
    return Umbel("docs", set_as_current=False)


@contextmanager
def _no_configuration() -> Iterator[None]:
    """Whatever broker the environment of the one who builds the site names, it is not the reader's."""
    mine = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("UMBEL_", "CELERY_"))}
    try:
        yield
    finally:
        os.environ.update(mine)
