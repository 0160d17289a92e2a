"""A double of a Consul server: keys with versions, and sessions that lock them. Writes its port when it listens."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_lock = threading.Lock()
_keys: dict[str, dict[str, Any]] = {}
_index = 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Blocking queries do not wait here: kombu's look asks again."""
        key, query = self._asked()
        with _lock:
            found = [value for name, value in sorted(_keys.items()) if name.startswith(key)]
            found = found if "recurse" in query else [value for value in found if value["Key"] == key]
            self._answer(found or None, 200 if found else 404)

    def do_PUT(self) -> None:
        global _index
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key, query = self._asked()
        if key.startswith("/v1/session/create"):
            return self._answer({"ID": str(uuid.uuid4())})
        if key.startswith("/v1/session/"):
            return self._answer([{"ID": key.rpartition("/")[2]}])
        with _lock:
            there, session = _keys.get(key), query.get("acquire", [None])[0]
            is_refused = ("cas" in query and there is not None) or (
                session is not None and there is not None and there["Session"] not in (None, session)
            )
            if not is_refused:
                _index += 1
                value = base64.b64encode(body).decode() if body else None
                _keys[key] = {"Key": key, "Value": value, "ModifyIndex": _index, "Session": session}
            return self._answer(not is_refused)

    def do_DELETE(self) -> None:
        global _index
        key, query = self._asked()
        with _lock:
            there = _keys.get(key)
            is_stale = "cas" in query and (there is None or str(there["ModifyIndex"]) != query["cas"][0])
            if not is_stale:
                _index += 1
                for name in [name for name in _keys if name == key or ("recurse" in query and name.startswith(key))]:
                    del _keys[name]
            self._answer(not is_stale)

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        return unquote(parts.path).removeprefix("/v1/kv/"), parse_qs(parts.query, keep_blank_values=True)

    def _answer(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("X-Consul-Index", str(_index))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
