from __future__ import annotations

import io

from umbel_canvas.drawing import dot, mermaid, text
from umbel_canvas.picture import picture
from umbel_canvas.progress import bar
from umbel_canvas.trees import short

TREE = {
    "k": "chain",
    "c": [
        {"k": "task", "n": "fetch", "i": "1"},
        {
            "k": "chord", "i": "0123456789abcdef0123-456-000", "b": {"k": "task", "n": "total", "i": "9"},
            "c": [{"k": "many", "n": "count", "i": 0, "m": 2}, {"k": "task", "n": 'say "so"', "i": "4"}],
        },
    ],
}  # fmt: skip
KNOWN = {"1": "SUCCESS", "0123456789abcdef0123-456000000000000": "FAILURE", "4": "STARTED"}


def test_a_workflow_is_drawn_as_a_tree_of_text() -> None:
    assert text(picture(TREE, KNOWN)) == (
        "✗ chain  1 FAILURE, 2 PENDING, 1 STARTED, 1 SUCCESS\n"
        "├─ ✓ fetch  SUCCESS  1\n"
        "└─ ✗ chord  1 FAILURE, 2 PENDING, 1 STARTED\n"
        "   ├─ ✗ header  1 FAILURE, 1 PENDING, 1 STARTED\n"
        "   │  ├─ ✗ count  FAILURE  0123456789abcdef0123-456000000000000\n"
        "   │  ├─ · count  PENDING  0123456789abcdef0123-456000000000001\n"
        '   │  └─ ▶ say "so"  STARTED  4\n'
        "   └─ · total  PENDING  9"
    )


def test_graphviz_and_mermaid_get_the_calls_and_what_comes_after_what() -> None:
    item = picture(TREE, KNOWN)
    assert dot(item).startswith("digraph workflow {")
    assert "say 'so'" in dot(item)
    for form, arrow in ((dot, "->"), (mermaid, "-->")):
        edges = [line.split()[0] + line.split()[2].rstrip(";") for line in form(item).splitlines() if arrow in line]
        assert sorted(edges) == ["n0n1", "n0n2", "n0n3", "n1n4", "n2n4", "n3n4"]


def test_a_long_row_is_one_node() -> None:
    tree = {"k": "group", "i": "0123456789abcdef0123-456-000", "c": [{"k": "many", "n": "count", "i": 0, "m": 100}]}
    assert "100 × count  100 PENDING" in text(picture(tree, {}))


def test_a_workflow_is_named_in_a_few_words() -> None:
    assert short(TREE) == 'fetch | %total([2 × count, say "so"])'


def test_a_bar_is_as_long_as_what_is_done() -> None:
    assert bar(5, 10, 1) == f"[{'█' * 15}{' ' * 15}] 5/10, 1 failed"
    assert bar(0, 0) == f"[{'█' * 30}] 0/0"
    assert not io.StringIO().isatty()
