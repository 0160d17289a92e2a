"""Task messages in Celery's protocol 2, and protocol 1 turned into 2 on receipt.

Source: https://docs.celeryq.dev/en/stable/internals/protocol.html, but for `timelimit`, which is `[hard, soft]` on the
wire (the page says the reverse).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from umbel.exceptions import DecodeError
from umbel.model.message import Message

if TYPE_CHECKING:
    from umbel.contracts.serializer import Serializer

#: The last of the three parts of a body, where no workflow goes with the task.
NO_EMBED: dict[str, Any] = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


def origin() -> str:
    """The sender as Celery writes it: `gen<pid>@<host>`."""
    return f"gen{os.getpid()}@{socket.gethostname()}"


def headers(task: str, task_id: str, **fields: Any) -> dict[str, Any]:
    """The headers of protocol 2 that are always sent, with `fields` over their defaults."""
    return {
        "lang": "py",
        "task": task,
        "id": task_id,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": task_id,
        "parent_id": None,
        "argsrepr": "()",
        "kwargsrepr": "{}",
        "origin": "",
        "ignore_result": False,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
        **fields,
    }


def unpack(body: Any) -> tuple[Sequence[Any], Mapping[str, Any], Mapping[str, Any]]:
    """Arguments, keyword arguments and embed of a decoded body; raises `DecodeError`.

    Accepts the hybrid too: headers of protocol 2 over a dict body of protocol 1.
    """
    if isinstance(body, (list, tuple)) and len(body) == 3:
        args, kwargs, embed = body
    elif isinstance(body, dict) and "args" in body:
        args, kwargs, embed = body["args"], body.get("kwargs"), body
    else:
        raise DecodeError(f"expected a body of [args, kwargs, embed], found {type(body).__name__}: {body!r:.100}")
    kwargs = {} if kwargs is None else kwargs
    if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
        raise DecodeError(f"expected a list and a dict of arguments, found {args!r:.100} and {kwargs!r:.100}")
    return args, kwargs, embed or NO_EMBED


def is_protocol_1(message: Message) -> bool:
    """Protocol 2 has the task's name in the headers; protocol 1 has everything in the body."""
    return "task" not in message.headers


def upgrade(message: Message, serializer: Serializer) -> Message:
    """A message of protocol 1 as one of protocol 2; raises `DecodeError`."""
    body = serializer.loads(message.body)
    if not isinstance(body, dict) or not isinstance(body.get("task"), str) or not isinstance(body.get("id"), str):
        raise DecodeError("neither protocol 2 (no header 'task') nor protocol 1 (no 'task' and 'id' in the body)")
    args, kwargs, _ = unpack(body)
    copied = ("retries", "eta", "expires", "group_index")
    fields = {name: body[name] for name in copied if body.get(name) is not None}
    message.headers = headers(
        body["task"],
        body["id"],
        group=body.get("group") or body.get("taskset"),
        timelimit=list(body.get("timelimit") or (None, None)),
        **fields,
        **message.headers,
    )
    embed = {"callbacks": body.get("callbacks"), "errbacks": body.get("errbacks"), "chain": None}
    message.body = serializer.dumps([args, kwargs, {**embed, "chord": body.get("chord")}])
    return message
