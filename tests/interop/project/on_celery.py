"""The project on Celery."""

import os

from celery import Celery
from interop_tasks import define

app = Celery("interop", broker=os.environ["INTEROP_URL"], backend=os.environ["INTEROP_URL"])
if "INTEROP_VISIBILITY_S" in os.environ:
    app.conf.broker_transport_options = {"visibility_timeout": float(os.environ["INTEROP_VISIBILITY_S"])}
app.conf.result_compression = os.environ.get("INTEROP_COMPRESSION")
define(app, "celery")
