"""Stamps: headers that are set on every call of a workflow, by which the calls can be found and revoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umbel import signature
from umbel_canvas.making import kind_of


class StampingVisitor:
    """Says what each node is stamped with. Subclass it; what a method returns is a mapping of headers.

    Every key is a stamp, unless the mapping has `stamped_headers`, which lists those that are.
    """

    def on_signature(self, sig: Any, **headers: Any) -> Mapping[str, Any]:
        """Of each call. Must be there."""
        raise NotImplementedError

    def on_group_start(self, group: Any, **headers: Any) -> Mapping[str, Any]:
        return {}

    def on_group_end(self, group: Any, **headers: Any) -> None:
        """After the members."""

    def on_chain_start(self, chain: Any, **headers: Any) -> Mapping[str, Any]:
        return {}

    def on_chain_end(self, chain: Any, **headers: Any) -> None:
        """After the steps."""

    def on_chord_header_start(self, sig: Any, **header: Any) -> Mapping[str, Any]:
        return {}

    def on_chord_header_end(self, sig: Any, **header: Any) -> None:
        """After the members of the header."""

    def on_chord_body(self, sig: Any, **header: Any) -> Mapping[str, Any]:
        return {}

    def on_callback(self, callback: Any, **header: Any) -> Mapping[str, Any]:
        return {}

    def on_errback(self, errback: Any, **header: Any) -> Mapping[str, Any]:
        return {}


def stamp(node: Any, visitor: Any, append: bool, headers: Mapping[str, Any]) -> None:
    """Stamp a node and all below it. Called by `Signature.stamp`."""
    kind = kind_of(node)
    if kind in ("chain", "group", "chord"):
        _stamp_workflow(node, kind, visitor, append, headers)
        return
    own = dict(headers)
    if visitor is not None:
        own.update(visitor.on_signature(node, **headers) or {})
    _set(node, own, append)
    stamp_links(node, visitor, append, headers)


def stamp_links(node: Any, visitor: Any, append: bool, headers: Mapping[str, Any]) -> None:
    """Stamp what follows a call."""
    for key, method in (("link", "on_callback"), ("link_error", "on_errback")):
        listed = node.options.get(key) or []
        stamped = []
        for each in listed if isinstance(listed, (list, tuple)) else [listed]:
            made = signature(each, app=node._app)
            found = getattr(visitor, method)(made, **headers) if visitor is not None else None
            stamp(made, visitor, append, {**headers, **(found or {})})
            stamped.append(made)
        if stamped:
            node.options[key] = stamped


def _stamp_workflow(node: Any, kind: str, visitor: Any, append: bool, headers: Mapping[str, Any]) -> None:
    name = "chord_header" if kind == "chord" else kind
    own = dict(headers)
    if visitor is not None:
        own.update(getattr(visitor, f"on_{name}_start")(node, **headers) or {})
    for each in node.tasks:
        stamp(each, visitor, append, own)
    if visitor is not None:
        getattr(visitor, f"on_{name}_end")(node, **headers)
    if kind == "chord" and node.body is not None:
        more = visitor.on_chord_body(node, **headers) if visitor is not None else None
        stamp(node.body, visitor, append, {**headers, **(more or {})})


def _set(call: Any, headers: Mapping[str, Any], append: bool) -> None:
    found = dict(headers)
    names = found.pop("stamped_headers", None)
    names = list(found) if names is None else list(names)
    options = call.options
    for name, value in found.items():
        if append and name in names and name in options:
            known = options[name] if isinstance(options[name], list) else [options[name]]
            value = [*known, *(each for each in _listed(value) if each not in known)]
        options[name] = value
    known_names = options.get("stamped_headers") or ()
    options["stamped_headers"] = sorted({*known_names, *(name for name in names if name in options)})


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
