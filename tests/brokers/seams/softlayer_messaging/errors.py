from __future__ import annotations


class ResponseError(Exception):
    """What the server answers that is no success."""
