from __future__ import annotations


class ConnectionError(Exception):
    """The broker cannot be reached."""


class Empty(Exception):
    """There is no message."""


class NotFound(Exception):
    """There is no such queue."""


class SessionClosed(Exception):
    """The session has ended."""
