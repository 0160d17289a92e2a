"""The suite for brokers that are slow, where each message is a call, and queues have names of their own."""

from __future__ import annotations

from umbel_conformance import TransportConformance


class Remote:
    any_queue_name = False
    large_batch = 40
    long_run = 60
    patience_s = 30.0


class RemoteConformance(Remote, TransportConformance):
    """All of it."""
