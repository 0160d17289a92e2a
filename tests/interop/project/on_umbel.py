"""The project on Umbel."""

import os

from interop_tasks import define

from umbel import Umbel

app = Umbel("interop", broker=os.environ["INTEROP_URL"], backend=os.environ["INTEROP_URL"])
if "INTEROP_LEASE_S" in os.environ:
    app.conf.redis_lease_s = float(os.environ["INTEROP_LEASE_S"])
if "INTEROP_RECONCILE_S" in os.environ:
    app.conf.canvas_reconcile_interval = float(os.environ["INTEROP_RECONCILE_S"])
define(app, "umbel")
