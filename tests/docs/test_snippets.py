"""What the pages say happens, happens."""

from __future__ import annotations

from pathlib import Path

import pytest
from reader import Reader, Wrong

from umbel_docs.blocks import Block, blocks

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
#: What can be run has to be, and must be able to fail.
RUNNABLE = {"bash", "console", "diff", "ini", "json", "pycon", "python", "sh", "toml", "yaml", ""}


def page_id(page: Path) -> str:
    return str(page.relative_to(DOCS.parent))


def is_run(block: Block) -> bool:
    return block.language in ("console", "pycon") or not block.options.keys().isdisjoint({"file", "patch", "from"})


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(is_run, blocks(page)))], ids=page_id)
def test_a_page_is_right_from_top_to_bottom(page: Path, request: pytest.FixtureRequest) -> None:
    if "REDIS_URL" in page.read_text("utf-8"):
        request.getfixturevalue("redis")
    if "RABBITMQ_URL" in page.read_text("utf-8"):
        request.getfixturevalue("rabbitmq")
    if "$ celery " in page.read_text("utf-8"):
        request.getfixturevalue("celery")
    if wrong := first_mistake(page):
        pytest.fail(wrong, pytrace=False)


def first_mistake(page: Path) -> str | None:
    with Reader() as reader:
        for block in blocks(page):
            try:
                reader.follow(block)
            except Wrong as wrong:
                return str(wrong)
    return None


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_snippet_that_can_be_run_is_run(page: Path) -> None:
    assert [str(block) for block in blocks(page) if block.language in RUNNABLE and not is_run(block)] == []


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_file_of_a_page_is_used_by_it(page: Path) -> None:
    found = list(blocks(page))
    unused = [
        str(block)
        for block in found
        if "file" in block.options
        and not any(Path(block.options["file"]).stem in other.text for other in found if other is not block)
    ]
    assert unused == []
