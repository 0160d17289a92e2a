"""The graph of a worker as a picture: a column for each step of waiting, arrows from what is required."""

from __future__ import annotations

from html import escape

from umbel.plugin.graph import Graph

_WIDTH, _HEIGHT = 96, 34
_GAP_X, _GAP_Y = 36, 18
_HEAD = (
    '<marker id="head" orient="auto" markerWidth="8" markerHeight="8" refX="7" refY="4">'
    '<path d="M0,0 8,4 0,8z"/></marker>'
)


def svg(graph: Graph) -> str:
    """An SVG element in the colours of the text around it."""
    edges = reduced(graph.edges())
    columns = _columns(graph, edges)
    rows = max(map(len, columns))
    width = len(columns) * (_WIDTH + _GAP_X) - _GAP_X
    height = rows * (_HEIGHT + _GAP_Y) - _GAP_Y
    places = {
        name: (x * (_WIDTH + _GAP_X), (rows - len(column)) * (_HEIGHT + _GAP_Y) // 2 + y * (_HEIGHT + _GAP_Y))
        for x, column in enumerate(columns)
        for y, name in enumerate(column)
    }
    origins = {node.name: node.origin for node in graph.nodes}
    parts = [_arrow(*places[first], *places[second]) for first, second in edges]
    parts += [_box(name, origins[name], *place) for name, place in places.items()]
    return (
        f'<svg viewBox="-2 -2 {width + 4} {height + 4}" role="img" aria-label="the parts of a worker" '
        'fill="currentColor" stroke="currentColor" style="width:100%" font-size="14">'
        f"<defs>{_HEAD}</defs>{''.join(parts)}</svg>"
    )


def reduced(edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The edges that no longer path makes superfluous."""
    following: dict[str, list[str]] = {}
    for first, second in edges:
        following.setdefault(first, []).append(second)

    def reaches(start: str, end: str) -> bool:
        return any(each == end or reaches(each, end) for each in following.get(start, ()))

    return [
        (first, second)
        for first, second in edges
        if not any(reaches(other, second) for other in following[first] if other != second)
    ]


def _columns(graph: Graph, edges: list[tuple[str, str]]) -> list[list[str]]:
    """Each part in the column after the last of those that it requires. The graph's order is one of starting."""
    column: dict[str, int] = {}
    for node in graph.nodes:
        column[node.name] = max((column[first] + 1 for first, second in edges if second == node.name), default=0)
    return [[name for name, x in column.items() if x == each] for each in range(max(column.values()) + 1)]


def _box(name: str, origin: str, x: int, y: int) -> str:
    dashes = ' stroke-dasharray="4 3"' if origin else ""
    title = f"<title>{escape(origin)}</title>" if origin else ""
    frame = f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="none"{dashes}/>'
    middle = f'x="{x + _WIDTH // 2}" y="{y + _HEIGHT // 2 + 5}" text-anchor="middle"'
    return f'<g>{title}{frame}<text {middle} stroke="none">{escape(name)}</text></g>'


def _arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    """Level until the last gap, so that it passes the columns between."""
    start, end = x1 + _WIDTH, x2
    above, below = y1 + _HEIGHT // 2, y2 + _HEIGHT // 2
    bend = end - _GAP_X // 2
    path = f"M{start},{above} H{end - _GAP_X} C{bend},{above} {bend},{below} {end},{below}"
    return f'<path d="{path}" fill="none" marker-end="url(#head)"/>'
