from __future__ import annotations

import json

from umbel.plugin.graph import Node, build
from umbel_cli.render import FORMATS, as_dot, as_mermaid, as_text

NODES = [
    Node("transport", origin="umbel-sqlite 0.1"),
    Node("end", ("transport",), ("finish",), 'umbel-"quoted" 1'),
    Node("last", ("finish",)),
]


def test_text_has_a_line_for_each_node_in_order() -> None:
    lines = as_text(build(NODES)).splitlines()
    assert [line.split()[:2] for line in lines] == [["1.", "transport"], ["2.", "end"], ["3.", "last"]]
    assert "after transport; provides finish" in lines[1]
    assert "[umbel-sqlite 0.1]" in lines[0]


def test_dot_has_every_node_and_edge_with_names_quoted() -> None:
    dot = as_dot(build(NODES))
    assert dot.startswith("digraph umbel {")
    assert dot.endswith("}")
    assert '"transport" -> "end";' in dot
    assert '"end" -> "last";' in dot
    assert json.dumps('end\numbel-"quoted" 1') in dot


def test_mermaid_has_every_node_and_edge_and_no_reserved_word_as_a_name() -> None:
    lines = as_mermaid(build(NODES)).splitlines()
    assert lines[0] == "flowchart LR"
    assert "  n0 --> n1" in lines
    assert "  n1 --> n2" in lines
    assert '  n1["end<br/>umbel-#quot;quoted#quot; 1"]' in lines


def test_an_empty_graph_renders_in_every_format() -> None:
    assert set(FORMATS) == {"text", "dot", "mermaid"}
    for render in FORMATS.values():
        assert isinstance(render(build([])), str)
