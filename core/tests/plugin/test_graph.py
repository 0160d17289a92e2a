from __future__ import annotations

import random
import re
from typing import Any

import pytest

from umbel.exceptions import GraphError
from umbel.plugin.catalogue import Catalogue
from umbel.plugin.graph import Node, build


def names(*nodes: Node) -> list[str]:
    return [node.name for node in build(nodes).nodes]


def test_every_node_comes_after_what_it_requires() -> None:
    assert names(Node("c", ("b",)), Node("b", ("a",)), Node("a")) == ["a", "b", "c"]


def test_a_requirement_may_be_something_that_a_node_provides_beside_its_name() -> None:
    graph = build([Node("reader", ("store",)), Node("sqlite", provides=("store", "sqlite"))])
    assert [node.name for node in graph.nodes] == ["sqlite", "reader"]
    assert graph.edges() == [("sqlite", "reader")]


def test_the_order_is_the_same_every_time() -> None:
    nodes = [Node(f"n{number}", tuple(f"n{other}" for other in range(number % 3))) for number in range(3, 30)]
    nodes += [Node("n0"), Node("n1", ("n0",)), Node("n2")]
    assert names(*nodes) == names(*nodes)
    shuffled = random.Random(7).sample(nodes, len(nodes))
    order = names(*shuffled)
    assert all(order.index(need) < order.index(node.name) for node in nodes for need in node.requires)


def test_a_missing_requirement_says_who_asked_and_what_to_install() -> None:
    with pytest.raises(GraphError) as caught:
        build([Node("unique", ("locks",), origin="umbel-unique 1.2")])
    text = str(caught.value)
    assert "'unique' of umbel-unique 1.2 requires 'locks'" in text
    assert "pip install umbel-locks" in text


def test_a_missing_requirement_that_is_only_disabled_says_so(site: Any) -> None:
    site.install("umbel-locks", {"bootstep": {"locks": "locks_plugin"}})
    with pytest.raises(GraphError, match=r"umbel-locks 1\.0 is disabled by the setting plugins_disabled"):
        build([Node("unique", ("locks",))], Catalogue(disabled=["umbel-locks"]))


def test_a_circle_is_shown_as_a_path() -> None:
    with pytest.raises(GraphError) as caught:
        build([Node("a", ("c",)), Node("b", ("a",), origin="umbel-b 1"), Node("c", ("b",)), Node("d", ("a",))])
    text = str(caught.value)
    path = re.search(r"(\w) requires (\w) requires (\w) requires (\w)", text)
    assert path is not None
    assert path.group(1) == path.group(4)
    requires = {"a": "c", "c": "b", "b": "a"}
    assert [requires[path.group(i)] for i in (1, 2, 3)] == [path.group(i) for i in (2, 3, 4)]
    assert "umbel-b 1" in text


def test_a_node_that_requires_itself_is_a_circle() -> None:
    with pytest.raises(GraphError, match="a requires a"):
        build([Node("a", ("a",))])


def test_two_providers_of_one_name_are_both_named() -> None:
    with pytest.raises(GraphError) as caught:
        build([Node("x", provides=("store",), origin="umbel-x 1"), Node("y", provides=("store",), origin="umbel-y 2")])
    text = str(caught.value)
    assert "'store'" in text
    assert "umbel-x 1" in text
    assert "umbel-y 2" in text
