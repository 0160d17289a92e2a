"""kombu's Pyro transport, which does not know the name that Python has for the error of an empty queue."""

from __future__ import annotations

from queue import Empty
from typing import Any

from kombu.transport.pyro import SerializerBase, Transport


class PyroTransport(Transport):  # type: ignore[misc]
    def __init__(self, client: Any, **kwargs: Any) -> None:
        # The one that is raised is made in C, and says so: `_queue.Empty`.
        name = f"{Empty.__module__}.{Empty.__name__}"
        SerializerBase.register_dict_to_class(name, lambda name, state: Empty())
        super().__init__(client, **kwargs)
