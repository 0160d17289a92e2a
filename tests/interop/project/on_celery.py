"""The project on Celery."""

import os

from celery import Celery
from interop_tasks import define

backend = os.environ.get("INTEROP_BACKEND", os.environ["INTEROP_URL"])
app = Celery("interop", broker=os.environ["INTEROP_URL"], backend=backend)
if "INTEROP_VISIBILITY_S" in os.environ:
    app.conf.broker_transport_options = {"visibility_timeout": float(os.environ["INTEROP_VISIBILITY_S"])}
app.conf.result_compression = os.environ.get("INTEROP_COMPRESSION")
if "INTEROP_QUORUM" in os.environ:
    app.conf.update(task_default_queue_type="quorum", task_default_exchange_type="topic")
define(app, "celery")
