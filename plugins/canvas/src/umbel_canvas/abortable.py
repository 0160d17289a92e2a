"""Tasks that look from time to time whether they are still wanted."""

from __future__ import annotations

from typing import Any

from umbel import AsyncResult, Task
from umbel.wire.meta import meta

ABORTED = "ABORTED"


class AbortableAsyncResult(AsyncResult[Any]):
    """`abort()` asks the task to end; it does so when it next asks `is_aborted()`."""

    def is_aborted(self) -> bool:
        """Somebody has asked it to end. Blocks."""
        return self.state == ABORTED

    def abort(self) -> None:
        """Ask it to end. Blocks."""
        self.app.results.store_state(self.id, ABORTED, meta(self.id, ABORTED, None, {}))


class AbortableTask(Task[..., Any]):
    """`@app.task(base=AbortableTask, bind=True)`; in it, now and then: `if self.is_aborted(): return`."""

    abstract = True

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AbortableAsyncResult:
        return AbortableAsyncResult(task_id, task_name=self.name, app=self.app)

    def is_aborted(self, **kwargs: Any) -> bool:
        """Somebody has asked this run to end. Blocks."""
        task_id = kwargs.get("task_id") or self.request.id
        return task_id is not None and self.AsyncResult(task_id).is_aborted()
