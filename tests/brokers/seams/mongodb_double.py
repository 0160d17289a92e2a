"""A double of a MongoDB server: what kombu's transport asks of one, on MongoDB's wire. Writes its port when it listens.

https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
"""

from __future__ import annotations

import socketserver
import struct
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import bson

_QUERY, _REPLY, _MESSAGE = 2004, 1, 2013
_HELLO = {"ismaster": True, "helloOk": True, "maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48 * 10**6}
_HELLO |= {"maxWriteBatchSize": 10**5, "minWireVersion": 0, "maxWireVersion": 21, "readOnly": False, "ok": 1.0}
_lock = threading.Lock()
#: The documents of each collection.
_collections: dict[str, list[dict[str, Any]]] = defaultdict(list)


def _matches(document: dict[str, Any], query: dict[str, Any]) -> bool:
    return all(document.get(name) == value for name, value in query.items())


def _insert(collection: list[dict[str, Any]], command: dict[str, Any]) -> dict[str, Any]:
    collection.extend(command["documents"])
    return {"n": len(command["documents"])}


def _find_and_modify(collection: list[dict[str, Any]], command: dict[str, Any]) -> dict[str, Any]:
    """The first in the order that is asked for; it is always removed."""
    found = [one for one in collection if _matches(one, command["query"])]
    (key, direction), *_ = command["sort"].items()
    assert (command["remove"], direction) == (True, 1)
    first = min(found, key=lambda one: one[key], default=None)
    if first is not None:
        collection.remove(first)
    return {"value": first}


def _delete(collection: list[dict[str, Any]], command: dict[str, Any]) -> dict[str, Any]:
    before = len(collection)
    for delete in command["deletes"]:
        collection[:] = [one for one in collection if not _matches(one, delete["q"])]
    return {"n": before - len(collection)}


def _count(collection: list[dict[str, Any]], command: dict[str, Any]) -> dict[str, Any]:
    """`count_documents` is an aggregation whose first stage is the query."""
    found = [one for one in collection if _matches(one, command["pipeline"][0]["$match"])]
    batch = [{"_id": 1, "n": len(found)}] if found else []
    return {"cursor": {"id": 0, "ns": "kombu.any", "firstBatch": batch}}


def _none(collection: list[dict[str, Any]], command: dict[str, Any]) -> dict[str, Any]:
    return {"cursor": {"id": 0, "ns": "kombu.any", "firstBatch": []}}


_COMMANDS: dict[str, Callable[[list[dict[str, Any]], dict[str, Any]], dict[str, Any]]] = {
    "insert": _insert,
    "findAndModify": _find_and_modify,
    "delete": _delete,
    "aggregate": _count,
    "find": _none,
    "listCollections": _none,
    "create": lambda collection, command: {},
    "createIndexes": lambda collection, command: {},
    "endSessions": lambda collection, command: {},
    "update": lambda collection, command: {"n": 1},
    "buildInfo": lambda collection, command: {"version": "7.0.0"},
    "buildinfo": lambda collection, command: {"version": "7.0.0"},
}


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        while len(header := self.rfile.read(16)) == 16:
            length, number, _, kind = struct.unpack("<iiii", header)
            body = self.rfile.read(length - 16)
            if kind == _QUERY:
                answer = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(_HELLO)
            else:
                answer = b"\0\0\0\0\0" + bson.encode(self._run(body))
            out = _REPLY if kind == _QUERY else _MESSAGE
            self.wfile.write(struct.pack("<iiii", 16 + len(answer), 0, number, out) + answer)

    def _run(self, body: bytes) -> dict[str, Any]:
        command: dict[str, Any] = {}
        place = 4
        while place < len(body):
            kind, (size,) = body[place], struct.unpack_from("<i", body, place + 1)
            section = body[place + 1 : place + 1 + size]
            if kind == 0:
                command |= bson.decode(section)
            else:
                name, _, documents = section[4:].partition(b"\0")
                command[name.decode()] = bson.decode_all(documents)
            place += 1 + size
        name = next(iter(command))
        if name.lower() in ("hello", "ismaster"):
            return _HELLO
        with _lock:
            collection = _collections[f"{command['$db']}.{command[name]}"]
            return {**_COMMANDS[name](collection, command), "ok": 1.0}


if __name__ == "__main__":
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
