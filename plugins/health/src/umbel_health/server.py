"""`/live` and `/ready` over HTTP: 200 for yes and 503 for no, with the report as JSON."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from umbel.exceptions import ImproperlyConfigured
from umbel_health.report import Report

_log = logging.getLogger("umbel.worker")
#: The question behind a path; Kubernetes' own components answer the longer ones.
_QUESTIONS = {"/live": "live", "/livez": "live", "/healthz": "live", "/ready": "ready", "/readyz": "ready"}
#: Seconds for which a caller may keep a connection without a word.
_PATIENCE_S = 5.0


class Server:
    """Answers on threads of its own, whatever the worker's others do."""

    def __init__(self, address: str, report: Callable[[], Report]) -> None:
        """Raises `ImproperlyConfigured` for an address that is none, or cannot be had."""
        host, port = _parsed(address)
        try:
            self._server = _HttpServer((host, port), _handler(report))
        except OSError as error:
            raise ImproperlyConfigured(f"health_address is {address!r}, which cannot be had: {error}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="umbel-health", daemon=True)
        self._thread.start()
        _log.info("Health is answered at http://%s:%d/live and /ready", host, self.port)

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    def stop(self) -> None:
        """Blocks until the thread has ended."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    # Whoever holds a connection open does not keep the worker from ending.
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # Without looking up the name of the host, as http.server does, which may take long.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("A probe went away", exc_info=True)


def _handler(report: Callable[[], Report]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_S
        server_version = "umbel"

        def do_GET(self) -> None:
            question = _QUESTIONS.get(self.path.partition("?")[0])
            if question is None:
                self._answer(404, '{"error": "there are /live and /ready"}')
                return
            answer = report()
            self._answer(200 if answer.says(question) else 503, answer.to_json())

        do_HEAD = do_GET

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            _log.debug("Probe: " + format, *args)

    return Handler


def _parsed(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ImproperlyConfigured(f"health_address must be HOST:PORT, such as 0.0.0.0:8080, found {address!r}")
    return host.strip("[]") or "0.0.0.0", int(port)
