"""The project on Umbel."""

import os

from interop_tasks import define

from umbel import Umbel

backend = os.environ.get("INTEROP_BACKEND", os.environ["INTEROP_URL"])
app = Umbel("interop", broker=os.environ["INTEROP_URL"], backend=backend)
if "INTEROP_LEASE_S" in os.environ:
    app.conf.redis_lease_s = float(os.environ["INTEROP_LEASE_S"])
if "INTEROP_RECONCILE_S" in os.environ:
    app.conf.canvas_reconcile_interval = float(os.environ["INTEROP_RECONCILE_S"])
if "INTEROP_QUORUM" in os.environ:
    app.conf.update(task_default_queue_type="quorum", task_default_exchange_type="topic")
define(app, "umbel")
