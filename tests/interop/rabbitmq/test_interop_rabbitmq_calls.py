"""Calls and failures as on Redis, with the broker that Celery was made for."""

from __future__ import annotations

from test_interop_calls import *  # noqa: F403
from test_interop_failures import *  # noqa: F403
