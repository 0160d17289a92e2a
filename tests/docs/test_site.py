"""The site builds, and its reference has everything that the code has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sphinx.util.inventory import InventoryFile

import umbel
from umbel.cli.root import root
from umbel.exceptions import UmbelError
from umbel.plugin.graph import Graph, Node
from umbel.plugin.hooks import known
from umbel.settings.sections import kernel_options
from umbel_docs import GENERATORS, commands, errors, filled, modules, picture, settings
from umbel_docs.blocks import blocks

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. A warning is an error, and so is a reference to something of ours that does not exist."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-b", "html"]
    ran = subprocess.run(
        [*command, "-d", str(folder / "trees"), str(DOCS), str(folder)], capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder


def in_site(site: Path, kind: str) -> set[str]:
    """The names that other sites could refer to."""
    with (site / "objects.inv").open("rb") as file:
        inventory = InventoryFile.load(file, "", lambda base, path: path)
    return set(inventory[kind])


def test_every_setting_is_in_the_site(site: Path) -> None:
    contributed = {name for _, section in settings.sections() for name in (o.name for o in section.options.values())}
    assert kernel_options().keys() | {"sqlite_lease_s"} <= contributed
    assert in_site(site, "std:setting") == contributed


def test_every_hook_is_in_the_site(site: Path) -> None:
    assert in_site(site, "std:hook") == set(known())


def test_every_command_is_in_the_site(site: Path) -> None:
    found = in_site(site, "std:command")
    assert {"umbel", "umbel worker", "umbel call", "umbel dead list", "umbel plugins new", "umbel demo"} <= found
    assert {f"umbel {name}" for name in root.commands} | {path for path, _ in commands.commands()} == found


def test_every_option_of_a_command_is_in_the_site(site: Path) -> None:
    page = text_of(site / "reference" / "commands.html")
    options = {option for _, each in commands.commands() for parameter in each.params for option in parameter.opts}
    missing = {option for option in options if option.startswith("--") and option not in page}
    assert missing == set()


def test_every_contract_and_its_methods_are_in_the_site(site: Path) -> None:
    documented = in_site(site, "py:method") | in_site(site, "py:class")
    from umbel.contracts import CONTRACTS  # noqa: PLC0415

    for contract in CONTRACTS.values():
        name = f"umbel.contracts.{contract.__name__}"
        methods = {
            f"{name}.{each}" for each in vars(contract) if not each.startswith("_") and callable(vars(contract)[each])
        }
        assert {name} | methods <= documented


def test_every_public_name_is_in_the_site(site: Path) -> None:
    kinds = ("py:class", "py:function", "py:data")
    documented = {name for kind in kinds for name in in_site(site, kind)}
    wanted = {f"umbel.{name}" for name in umbel.__all__ if name not in ("__version__", "hookimpl")}
    assert wanted - documented == set()


def test_every_exception_is_in_the_tree() -> None:
    tree = errors.markdown()
    assert UmbelError in errors.classes()
    assert [found.__name__ for found in errors.classes() if f"`{found.__name__}`" not in tree] == []


def test_every_module_of_the_kernel_is_listed() -> None:
    listed = modules.markdown()
    files = [path for path in modules.ROOT.rglob("*.py") if path.name != "__init__.py"]
    assert files
    assert [str(path) for path in files if f"`{path.stem}`\n: " not in listed] == []


def test_the_type_the_default_and_the_comment_of_a_setting_are_shown() -> None:
    text = settings.markdown()
    entry = text.partition(":::{setting} worker_prefetch_multiplier\n")[2].partition(":::")[0]
    assert "int, default `4`" in entry
    assert "How many messages are reserved" in entry
    assert "`CELERYD_PREFETCH_MULTIPLIER`" in entry


def test_every_setting_has_a_comment() -> None:
    options = [option for _, section in settings.sections() for option in section.options.values()]
    assert [option.name for option in options if not settings.comment(option)] == []


def test_a_setting_that_nothing_reads_says_so() -> None:
    assert settings.is_read("worker_prefetch_multiplier")
    assert not settings.is_read("worker_timer_precision")


def test_a_mark_that_no_generator_knows_is_an_error() -> None:
    assert "worker_concurrency" in filled("<!-- generated: settings -->")
    with pytest.raises(KeyError, match="nonsense"):
        filled("<!-- generated: nonsense -->")


def test_the_picture_of_a_graph_has_every_part_and_no_needless_arrow() -> None:
    nodes = (Node("a"), Node("b", ("a",)), Node("c", ("a", "b"), origin="umbel-x 1.0"))
    assert picture.reduced(Graph(nodes).edges()) == [("a", "b"), ("b", "c")]
    drawn = ElementTree.fromstring(picture.svg(Graph(nodes)))
    assert [text.text for text in drawn.iter("text")] == ["a", "b", "c"]
    assert [title.text for title in drawn.iter("title")] == ["umbel-x 1.0"]
    assert len([path for path in drawn.iter("path") if path.get("marker-end")]) == 2


def test_every_generator_is_used() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert [name for name in GENERATORS if f"<!-- generated: {name} -->" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_dotted_name_in_a_page_exists(page: Path) -> None:
    """`umbel.worker.lane` in running text is a module, or something in one."""
    text = page.read_text("utf-8")
    for block in blocks(page):
        text = text.replace(block.text, "")
    names = set(re.findall(r"`(umbel(?:_\w+)?(?:\.\w+)+)`", text))
    groups = {"umbel." + kind for kind in (*("api", "command", "default", "hint", "hook", "settings"), *drivers())}
    others = {"umbel.chord", "umbel.task"}  # one that a plugin would bring, and a logger
    assert sorted(name for name in names - groups - others if not exists(name)) == []


def drivers() -> tuple[str, ...]:
    from umbel.plugin.catalogue import DRIVERS  # noqa: PLC0415

    return DRIVERS


def exists(name: str) -> bool:
    import pkgutil  # noqa: PLC0415

    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def text_of(page: Path) -> str:
    """Without tags."""
    return re.sub(r"<[^>]+>", "", page.read_text("utf-8"))
