"""The least that a worker could do: take a message, and push an answer to where its sender waits."""

from __future__ import annotations

from bare_redis_app import call_redis

while True:
    _, message = call_redis("BRPOP", "asked", 0)
    call_redis("LPUSH", "answered", message)
