"""What runs the snippets finds out when a page is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from expectation import end_of_match, is_all
from reader import Reader, Wrong

from umbel_docs.blocks import blocks

CONSOLE = "```console\n$ {}\n```\n"


def follow(page: Path, text: str) -> None:
    page.write_text(text)
    with Reader() as reader:
        for block in blocks(page):
            reader.follow(block)


RIGHT = {
    "output": CONSOLE.format("echo hello\nhello"),
    "no output": CONSOLE.format("true"),
    "any line": CONSOLE.format("printf 'a\\nb\\nc\\n'\na\n..."),
    "several commands": CONSOLE.format("echo a > f\n$ cat f\na"),
    "a command of two lines": CONSOLE.format("echo \\\n> a\na"),
    "exit code": "```console {exit=3}\n$ exit 3\n```\n",
    "python": "```pycon\n>>> x = 1\n```\n\n```pycon\n>>> x + 1\n2\n```\n",
    "file": "```python {file=m.py}\nX = 1\n```\n\n```pycon\n>>> import m; m.X\n1\n```\n",
    "patch": "```python {file=m.py}\nX = 1\nY = 2\n```\n\n```diff {patch=m.py}\n X = 1\n-Y = 2\n+Y = 3\n```\n\n"
    "```console\n$ cat m.py\nX = 1\nY = 3\n```\n",
    "background": "```console {background=b}\n$ sh -c 'echo up; echo and; echo on; sleep 60'\nup\n...\n```\n\n"
    "```text {from=b}\n...\non\n```\n",
}
WRONG = {
    "output": CONSOLE.format("echo hello\nhallo"),
    "more output": CONSOLE.format("printf 'a\\nb\\n'\na"),
    "less output": CONSOLE.format("echo a\na\nb"),
    "output where none is shown": CONSOLE.format("echo a"),
    "exit code": CONSOLE.format("exit 3"),
    "exit code 0": "```console {exit=1}\n$ true\n```\n",
    "a command before the last": CONSOLE.format("false\n$ true"),
    "python": "```pycon\n>>> 1 + 1\n3\n```\n",
    "python that raises": "```pycon\n>>> 1 / 0\n```\n",
    "python without an example": "```pycon\n1 + 1\n```\n",
    "patch": "```python {file=m.py}\nX = 1\n```\n\n```diff {patch=m.py}\n-Y = 2\n+Y = 3\n```\n",
    "patch in two places": "```python {file=m.py}\nX = 1\nX = 1\n```\n\n```diff {patch=m.py}\n-X = 1\n+X = 2\n```\n",
    "background": "```console {background=b}\n$ echo down\nup\n```\n",
    "more of the background": "```console {background=b}\n$ echo up\nup\n```\n\n```text {from=b}\non\n```\n",
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_right_page_passes(tmp_path: Path, text: str) -> None:
    follow(tmp_path / "page.md", text)


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_page_fails(tmp_path: Path, text: str) -> None:
    with pytest.raises(Wrong, match=r"page\.md"):
        follow(tmp_path / "page.md", text)


def test_a_file_that_is_not_python_fails(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError):
        follow(tmp_path / "page.md", "```python {file=m.py}\ndef\n```\n")


def test_an_odd_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"page\.md:1"):
        follow(tmp_path / "page.md", "```console and so on {exit=1}\n```\n")


def test_a_page_has_a_home_of_its_own_which_goes_with_it(tmp_path: Path) -> None:
    with Reader() as reader:
        folder = reader.folder
        assert Path(reader.environment["HOME"]).parent == folder
        assert not [name for name in reader.environment if name.startswith(("UMBEL_", "CELERY_"))]
    assert not folder.exists()


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("27cd692b-461e-41d3-a3ab-0c4f77c87fe6", "5842fa8c-bf43-4e00-aba7-ebc8fe55010e"),
        ("[2026-11-23 15:07:46,560: INFO] up", "[2027-01-01 00:00:00,001: INFO] up"),
        ("done in 0.5s", "done in 1.25e-05s"),
        ("umbel 0.1.0 · pid 12", "umbel 1.20.3 · pid 99999"),
        ("celery@host ready", "celery@my-machine.local ready"),
        ("3 passed, 1 skipped", "40 passed, 20 skipped"),
        ("a ... c", "a b b c"),
        ("a\n...\nc", "a\nb\nb\nc"),
        ("a\n...\nc", "a\nc"),
        ("...", ""),
        ("KIND   DRIVER  URL", "KIND    DRIVER     URL"),
    ],
)
def test_what_varies_matches(shown: str, found: str) -> None:
    assert is_all(shown, found)


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        ("27cd692b-461e-41d3-a3ab-0c4f77c87fe6", "no id"),
        ("[2026-11-23 15:07:46,560: INFO] up", "[2027-01-01 00:00:00,001: INFO] down"),
        ("1 failed, 3 passed", "4 passed"),
        ("a.c", "abc"),
        ("a\n...\nc", "a\nb"),
        ("", "a"),
        ("KIND   DRIVER", "KIND DRIVER"),
    ],
)
def test_what_differs_does_not_match(shown: str, found: str) -> None:
    assert not is_all(shown, found)


def test_the_output_of_a_running_process_goes_on_where_it_was_left() -> None:
    assert end_of_match("a\n", "a\nb\n") == 2
    assert end_of_match("b\n", "a\nb\n") is None
    assert end_of_match("...\nb\n", "a\nb\nc\n") == 4
