from umbel.app.app import Umbel as Umbel
from umbel.app.current import current_app as current_app
from umbel.app.current import current_task as current_task
from umbel.app.log import get_task_logger as get_task_logger
from umbel.app.shared import shared_task as shared_task
from umbel.app.signature import Signature as Signature
from umbel.app.signature import maybe_signature as maybe_signature
from umbel.app.signature import signature as signature
from umbel.app.task import Task as Task
from umbel.plugin import hookimpl as hookimpl
from umbel.results.joining import allow_join_result as allow_join_result
from umbel.results.result import AsyncResult as AsyncResult
from umbel.results.result import EagerResult as EagerResult
from umbel.wire.ids import uuid as uuid

__version__: str

def __getattr__(name: str) -> object: ...
