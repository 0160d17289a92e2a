"""The project on Umbel."""

import os

from interop_tasks import define

from umbel import Umbel

app = Umbel("interop", broker=os.environ["INTEROP_URL"], backend=os.environ["INTEROP_URL"])
define(app, "umbel")
