"""From a call to a message on its queue: the first stage of a task's way, *publish*."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from functools import cached_property
from typing import Any

from attrs import define

from umbel import signals
from umbel.app import arguments, eager
from umbel.app.routing import Route, Routes
from umbel.contracts.serializer import Serializer
from umbel.exceptions import MessageTooLarge
from umbel.execution.context import Frame, running
from umbel.meant import meant
from umbel.model.message import Message
from umbel.results.result import AsyncResult
from umbel.wire import protocol
from umbel.wire.brief import brief
from umbel.wire.ids import new_id
from umbel.wire.times import When, from_epoch, moment

#: Options that `apply_async` and `send_task` know; the second row are message properties.
OPTIONS = frozenset(
    """
    countdown eta expires retry retry_policy time_limit soft_time_limit queue exchange routing_key priority serializer
    compression add_to_parent ignore_result headers group_id group_index root_id parent_id chord chain reply_to
    argsrepr kwargsrepr retries replaced_task_nesting stamped_headers origin result_cls route_name task_type
    delivery_mode expiration app_id message_id cluster_id timestamp type user_id
    """.split()  # noqa: SIM905  (fifty names read better as words)
)
#: Options of Celery that are for its producers, which are not here.
_FOR_PRODUCERS = frozenset(
    """
    producer publisher connection router declare mandatory immediate timeout confirm_timeout content_type
    content_encoding
    """.split()  # noqa: SIM905
)
_PROPERTIES = ("delivery_mode", "expiration", "app_id", "message_id", "cluster_id", "timestamp", "type", "user_id")
#: Arguments to a body.
Encode = Callable[[Sequence[Any], Mapping[str, Any]], bytes]
_EMBED_KEYS = ("chain", "chord")


@define(slots=True, eq=False)
class Call:
    """A call with everything the caller said about it."""

    name: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    task: Any
    task_id: str
    link: Any
    link_error: Any
    shadow: str | None
    options: Mapping[str, Any]


@define(slots=True, eq=False)
class _Plan:
    """What every plain call of one task has in common, decided once."""

    serializer: Any
    compression: str | None
    priority: int
    expires: Any
    #: The headers of a call that nothing was said about, but for its own id and arguments.
    headers: dict[str, Any]
    route: Route | None
    #: What makes the bodies of such calls, of one without links and options.
    encoder: tuple[Encode, Serializer, str | None] | None = None


class Sender:
    """Makes messages of calls and publishes them. One for each configuration of an app."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._conf = app.conf
        self._routes = Routes(app.conf)
        self._plans: dict[str, _Plan] = {}
        self._origin = protocol.origin()
        self._max_bytes = app.conf.broker_message_max_bytes
        self._policy = dict(app.conf.task_publish_retry_policy) if app.conf.task_publish_retry else None
        self.always_eager = app.conf.task_always_eager
        self.run_here, self.warn_ignored = eager.call, eager.warn_ignored
        self._inherit_priority = app.conf.task_inherit_parent_priority

    @cached_property
    def _publisher(self) -> Any:
        return self._app.publisher

    def call(
        self,
        name: str,
        args: Any,
        kwargs: Any,
        task: Any,
        task_id: Any,
        link: Any,
        link_error: Any,
        shadow: Any,
        options: Any,
    ) -> Call:
        """A checked call; raises `TypeError` for options that nobody knows."""
        if options and not OPTIONS.issuperset(options):
            self._refuse(name, options)
        return Call(name, args, kwargs, task, task_id or new_id(), link, link_error, shadow, options)

    def _refuse(self, name: str, options: Mapping[str, Any]) -> None:
        stamps = options.get("stamped_headers") or ()
        for option, value in options.items():
            if option in _FOR_PRODUCERS:
                if value:
                    raise TypeError(f"{name}: {option}={value!r} is for Celery's producers, which are not here")
            elif option not in OPTIONS and option not in stamps:
                near = meant(option, OPTIONS, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise TypeError(f"{name}: there is no calling option {option!r}{hint}")

    def send(self, call: Call) -> AsyncResult[Any]:
        """Publish it. Blocks; raises as `Task.apply_async`."""
        message, frame = self._message(call)
        listened = self.is_heard
        if listened:
            self._signal(signals.before_task_publish, call, message)
        policy = self._policy
        if call.options:
            policy = call.options.get("retry_policy") or policy if call.options.get("retry", True) else None
        self._publisher.publish((message,), policy)
        if listened:
            self._signal(signals.after_task_publish, call, message)
        return self._result(call, message, frame)

    async def asend(self, call: Call) -> AsyncResult[Any]:
        """Publish it without blocking the loop."""
        message, frame = self._message(call)
        import asyncio  # noqa: PLC0415  (24 ms, for those who have a loop, and so have paid it)

        await self._publisher.post((message,), asyncio.get_running_loop().create_future())
        return self._result(call, message, frame)

    def send_all(self, calls: Iterable[Call]) -> list[AsyncResult[Any]]:
        """Publish many calls, in batches (`Publisher.publish_all`). Blocks; raises as `send`."""
        results: list[AsyncResult[Any]] = []
        told: list[tuple[Call, Message]] = []

        def messages() -> Iterator[Message]:
            for call in calls:
                message, frame = self._message(call)
                if self.is_heard:
                    self._signal(signals.before_task_publish, call, message)
                    told.append((call, message))
                results.append(self._result(call, message, frame))
                yield message

        self._publisher.publish_all(messages())
        for call, message in told:
            self._signal(signals.after_task_publish, call, message)
        return results

    def pattern(self, call: Call) -> tuple[Message, Frame | None, Encode]:
        """The message of a call, the run that it is made in, and what makes the bodies of others like it."""
        message, frame = self._message(call)
        plan = self._plan(call)
        return message, frame, self._encoder_of(call, plan, self._routed(call, plan))[0]

    @property
    def is_heard(self) -> bool:
        """Somebody listens to what is published."""
        return signals.before_task_publish.has_listeners() or signals.after_task_publish.has_listeners()

    @property
    def routes_all_alike(self) -> bool:
        """Where a call goes does not hang on its arguments."""
        return self._routes.is_plain

    def _result(self, call: Call, message: Message, frame: Frame | None) -> AsyncResult[Any]:
        kind = call.options.get("result_cls") or AsyncResult
        result: AsyncResult[Any] = kind(call.task_id, task_name=call.name, app=self._app)
        result.ignored = message.headers["ignore_result"]
        if frame is not None and call.options.get("add_to_parent", True) and frame.task.trail:
            frame.request.children.append(result)
        return result

    def _plan(self, call: Call) -> _Plan:
        plan = self._plans.get(call.name)
        if plan is None:
            plan = self._plans[call.name] = self._make_plan(call.name, call.task)
        return plan

    def _make_plan(self, name: str, task: Any) -> _Plan:
        conf = self._conf
        plain = self._routes.is_plain and getattr(task, "delivery_mode", None) is None
        chosen = {key: getattr(task, key, None) for key in ("queue", "exchange", "routing_key")}
        serializer = task.serializer if task is not None else conf.task_serializer
        return _Plan(
            serializer=self._app.formats.serializer(serializer or "json"),
            compression=task.compression if task is not None else conf.task_compression,
            priority=_priority(name, (task.priority if task is not None else conf.task_default_priority) or 0),
            expires=getattr(task, "expires", None),
            headers=protocol.headers(
                name,
                "",
                origin=self._origin,
                ignore_result=bool(task.ignore_result) if task is not None else False,
                timelimit=_timelimit(name, getattr(task, "time_limit", None), getattr(task, "soft_time_limit", None)),
            ),
            route=self._routes.route(chosen) if plain else None,
        )

    def _message(self, call: Call) -> tuple[Message, Frame | None]:
        plan = self._plan(call)
        frame = running()
        options = self._routed(call, plan)
        headers = {**plan.headers, "id": call.task_id, "root_id": call.task_id, "shadow": call.shadow}
        headers["timelimit"], headers["stamps"] = headers["timelimit"].copy(), {}  # not the plan's own
        headers["argsrepr"] = options.get("argsrepr") or brief(tuple(call.args))
        headers["kwargsrepr"] = options.get("kwargsrepr") or (brief(dict(call.kwargs)) if call.kwargs else "{}")
        message = Message("", b"", headers, {"correlation_id": call.task_id, "reply_to": self._app.oid})
        message.priority = plan.priority
        if frame is not None:
            headers["parent_id"] = frame.request.id
            headers["root_id"] = frame.request.root_id or frame.request.id or call.task_id
            if self._inherit_priority:
                message.priority = (frame.request.delivery_info or {}).get("priority") or message.priority
        if options or plan.expires is not None:
            self._apply(call, plan, options, message)
        route = plan.route if plan.route is not None and not options else self._routes.route(options)
        message.queue, message.exchange, message.routing_key = route.queue, route.exchange, route.routing_key
        encode, serializer, compression = self._encoder_of(call, plan, options)
        message.body = encode(call.args, call.kwargs)
        message.content_type, message.content_encoding = serializer.content_type, serializer.content_encoding
        if compression is not None:
            headers["compression"] = compression
        return message, frame

    def _routed(self, call: Call, plan: _Plan) -> Mapping[str, Any]:
        if plan.route is not None and not call.options:
            return call.options
        own = {key: getattr(call.task, key, None) for key in ("queue", "exchange", "routing_key", "delivery_mode")}
        found = self._routes.options(
            call.options.get("route_name") or call.name, call.args, call.kwargs, call.options, call.task
        )
        layers = (own, found, call.options)
        return {key: value for layer in layers for key, value in layer.items() if value is not None}

    def _apply(self, call: Call, plan: _Plan, options: Mapping[str, Any], message: Message) -> None:
        headers, zone = message.headers, self._app.timezone
        countdown = options.get("countdown")
        if countdown is not None or options.get("eta") is not None:
            when = options["eta"] if countdown is None else float(countdown)
            message.due = _moment(call.name, "eta", when, zone)
            headers["eta"] = from_epoch(message.due).isoformat()
        expires = options.get("expires", plan.expires)
        if expires is not None:
            expires = _moment(call.name, "expires", expires, zone)
            headers["expires"] = from_epoch(expires).isoformat()
        if "time_limit" in options or "soft_time_limit" in options:
            hard, soft = plan.headers["timelimit"]
            headers["timelimit"] = _timelimit(
                call.name, options.get("time_limit", hard), options.get("soft_time_limit", soft)
            )
        renamed = (("group_id", "group"), ("group_index",) * 2, ("root_id",) * 2, ("parent_id",) * 2, ("retries",) * 2)
        for option, header in (*renamed, ("ignore_result",) * 2, ("replaced_task_nesting",) * 2, ("origin",) * 2):
            if option in options:
                headers[header] = options[option]
        if expires is not None and headers["ignore_result"]:
            # The broker may drop it. Where somebody waits, a worker must get it, to say that it was revoked.
            message.expires = expires
        stamps = options.get("stamped_headers")
        if stamps:
            headers["stamped_headers"] = list(stamps)
            headers["stamps"] = {name: options[name] for name in stamps if name in options}
        # What a message was sent with before (a retry sends its headers again) gives way to what is said now.
        headers.update({k: v for k, v in (options.get("headers") or {}).items() if k not in headers})
        message.priority = _priority(call.name, options.get("priority", message.priority))
        message.properties.update({key: options[key] for key in _PROPERTIES if key in options})
        message.properties["reply_to"] = options.get("reply_to") or message.properties["reply_to"]

    def _encoder_of(self, call: Call, plan: _Plan, options: Mapping[str, Any]) -> tuple[Encode, Serializer, str | None]:
        """What makes the body of arguments; with the serializer and the compression that it uses."""
        if options or call.link or call.link_error:
            return self._encoder(call, plan, options)
        if plan.encoder is None:
            plan.encoder = self._encoder(call, plan, options)
        return plan.encoder

    def _encoder(self, call: Call, plan: _Plan, options: Mapping[str, Any]) -> tuple[Encode, Serializer, str | None]:
        serializer: Serializer = plan.serializer
        if options.get("serializer"):
            serializer = self._app.formats.serializer(options["serializer"])
        embed = protocol.NO_EMBED
        if call.link or call.link_error or options.get("chain") or options.get("chord"):
            embed = {
                "callbacks": _listed(call.link),
                "errbacks": _listed(call.link_error),
                **{key: options.get(key) for key in _EMBED_KEYS},
            }
        name, task, most = call.name, call.task, self._max_bytes
        compression = options.get("compression") or plan.compression
        driver = self._app.formats.compression(compression) if compression else None

        def encode(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
            body = arguments.encode(name, args, kwargs, embed, serializer, task)
            if driver is not None:
                body = driver.compress(body)
            if len(body) > most:
                raise MessageTooLarge(
                    f"{name}: the message has {len(body):,} bytes, broker_message_max_bytes is {most:,}: "
                    "pass a reference to the data instead, or raise the setting"
                )
            return body

        return encode, serializer, driver.content_type if driver is not None else None

    def _signal(self, signal: signals.Signal, call: Call, message: Message) -> None:
        body: tuple[Any, Any, Any] = (call.args, call.kwargs, {})
        signal.send(
            call.name,
            body=body,
            exchange=message.exchange,
            routing_key=message.routing_key or message.queue,
            headers=message.headers,
            properties=message.properties,
            declare=[],
            retry_policy=self._policy,
        )


def _moment(name: str, option: str, when: When, zone: tzinfo) -> float:
    try:
        return moment(when, zone)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {option}={when!r} is no moment: {error}") from None


def _priority(name: str, priority: Any) -> int:
    if isinstance(priority, int) and 0 <= priority <= 255:  # an octet: amqp 0-9-1, class basic
        return priority
    raise ValueError(f"{name}: priority={priority!r}: expected a whole number from 0 to 9 (some brokers: 255)")


def _timelimit(name: str, hard: float | None, soft: float | None) -> list[float | None]:
    if hard is not None and soft is not None and soft > hard:
        raise ValueError(f"{name}: soft_time_limit ({soft} s) must not be above time_limit ({hard} s)")
    return [hard, soft]


def _listed(signatures: Any) -> list[Any] | None:
    if not signatures:
        return None
    return list(signatures) if isinstance(signatures, (list, tuple)) else [signatures]
