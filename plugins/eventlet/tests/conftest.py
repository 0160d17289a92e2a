from __future__ import annotations

from umbel_conformance.apart import apart

pytest_runtest_protocol = apart(__file__, "umbel_eventlet.patching:patch")
