"""A double of Qpid's client, as far as kombu's transport uses it. The real one is for Python 2."""

from __future__ import annotations

from qpid import messaging as messaging
