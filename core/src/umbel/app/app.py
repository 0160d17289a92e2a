"""The app: what a user makes first, and where everything hangs together."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, cast, overload

from umbel import clock
from umbel.app import autoretry, current, shared
from umbel.app.imports import import_modules, related_modules
from umbel.app.naming import node_name, task_name
from umbel.app.options import annotate, check_options, kind_of_task
from umbel.app.registry import TaskRegistry
from umbel.app.signature import signature
from umbel.app.task import Task
from umbel.exceptions import DuplicateTaskNameWarning
from umbel.results.result import AsyncResult
from umbel.settings import Settings
from umbel.signals import Signal
from umbel.wire.ids import new_id
from umbel.wire.times import from_epoch

if TYPE_CHECKING:
    from umbel.app.resources import Resources
    from umbel.plugin.catalogue import Catalogue

P = ParamSpec("P")
R = TypeVar("R")

#: What `Resources` has that can be reached as an attribute of the app.
_RESOURCES = frozenset(
    {"backend", "catalogue", "drivers", "formats", "observers", "publisher", "results", "sender", "transport"}
)


class Umbel:
    """An app: its settings, its tasks, and how they are sent.

    `main` names the app, and with it the embedded database that it uses when no broker is set. Any other keyword is a
    setting. Making an app opens nothing and imports no plugin.
    """

    on_configure: Signal
    on_after_configure: Signal
    on_after_finalize: Signal
    on_after_fork: Signal
    #: Classes of boot steps and consumers of this app's workers, as in Celery: `app.steps["worker"].add(MyStep)`. Under
    #: which of the two names they are makes no difference here.
    steps: dict[str, set[type[Any]]]
    _catalogues: dict[tuple[str, ...], Catalogue]
    _registered: dict[tuple[str, str], object]
    _is_configured = False
    _resources: Resources | None = None

    def __init__(
        self,
        main: str | None = None,
        loader: Any = None,
        backend: str | None = None,
        amqp: Any = None,
        events: Any = None,
        log: Any = None,
        control: Any = None,
        set_as_current: bool = True,
        tasks: Any = None,
        broker: str | None = None,
        include: Sequence[str] | None = None,
        changes: Mapping[str, Any] | None = None,
        config_source: Any = None,
        fixups: Any = None,
        task_cls: type[Task[..., Any]] | None = None,
        autofinalize: bool = True,
        namespace: str | None = None,
        strict_typing: bool = True,
        config_source_silent: bool = False,
        **settings: Any,
    ) -> None:
        self.main, self.strict_typing = main, strict_typing
        self.task_cls = task_cls or Task
        self.tasks: TaskRegistry = TaskRegistry()
        for name in ("on_configure", "on_after_configure", "on_after_finalize", "on_after_fork"):
            setattr(self, name, Signal(name=name))
        self._conf = Settings(self._find_catalogue)
        self._catalogues, self._registered = {}, {}
        self.steps = {"worker": set(), "consumer": set()}
        self._pending_imports: list[Callable[[], Sequence[str]]] = []
        self._lock, self.oid = threading.RLock(), new_id()
        if config_source is not None:
            self.config_from_object(config_source, silent=config_source_silent, namespace=namespace)
        named = {"broker_url": broker, "result_backend": backend, "include": include}
        self._configure({**(changes or {}), **settings, **{k: v for k, v in named.items() if v is not None}})
        if set_as_current:
            current.offer_default(self)
        shared.join(self)

    # Settings.

    def _configure(self, keywords: Mapping[str, Any]) -> None:
        if keywords:
            self._conf.change(keywords, f"a keyword of Umbel({self.main!r})")

    @property
    def conf(self) -> Settings:
        """The settings. Reading one that a plugin owns may import that plugin's settings class."""
        return self._conf

    @conf.setter
    def conf(self, values: Mapping[str, Any]) -> None:
        self._conf.update(values)

    def _find_catalogue(self) -> Catalogue:
        from umbel.plugin.catalogue import Catalogue  # noqa: PLC0415  (most of its cost is for those who use a plugin)

        disabled = tuple(self._conf["plugins_disabled"])
        return self._catalogues.setdefault(disabled, Catalogue(disabled, self._registered))

    def config_from_object(
        self, obj: Any, silent: bool = False, force: bool = False, namespace: str | None = None
    ) -> None:
        """Read settings from a module, an object, a dict, or the dotted name of one, imported at first use."""
        self._conf.read_object(obj, silent=silent, force=force, namespace=namespace)

    def config_from_envvar(self, variable_name: str, silent: bool = False, force: bool = False) -> bool:
        """Read settings from the module that an environment variable names."""
        return self._conf.read_environment(variable_name, silent=silent, force=force)

    def config_from_cmdline(self, argv: Sequence[str], namespace: str = "celery") -> None:
        """Read settings such as `task.serializer=json` or `worker_concurrency=4`."""
        self._conf.read_command_line(argv, namespace)

    def add_defaults(self, fun: Any) -> Any:
        """Defaults below everything else: a mapping, or a function that returns one."""
        self._conf.add_defaults(fun)
        return fun

    def either(self, default_key: str, *defaults: Any) -> Any:
        """The first of `defaults` that is not None, else the setting."""
        return next((value for value in defaults if value is not None), self.conf[default_key])

    # Tasks.

    @overload
    def task(self, fun: Callable[P, R], /) -> Task[P, R]: ...
    @overload
    def task(
        self, *, bind: Literal[True], **options: Any
    ) -> Callable[[Callable[Concatenate[Any, P], R]], Task[P, R]]: ...
    @overload
    def task(self, *, bind: Literal[False] = False, **options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
    def task(self, *args: Any, **options: Any) -> Any:
        """Make a function a task: `@app.task`, or `@app.task(bind=True, …)` with options that become attributes."""
        if len(args) == 1 and callable(args[0]) and not options:
            return self.create_task(args[0])
        if args:
            raise TypeError("expected @app.task or @app.task(option=value), found positional arguments")
        return lambda function: self.create_task(function, **options)

    def create_task(self, function: Callable[..., Any], **options: Any) -> Task[..., Any]:
        """The task of a function; the first of a name wins."""
        for key in ("lazy", "shared"):
            options.pop(key, None)
        if (keep := options.pop("filter", None)) is not None:
            return cast("Task[..., Any]", keep(self.create_task(function, **options)))
        name = options.pop("name", None) or task_name(self.main, function.__name__, function.__module__)
        known = self.tasks.get(name)
        if known is not None:
            return known if _same(known, function) else _warn_duplicate(name, known)
        base, bind = options.pop("base", None) or self.task_cls, options.pop("bind", False)
        check_options(name, base, options)
        attributes = {
            "run": function if bind else staticmethod(function),
            "app": self,
            "name": name,
            "bound": bind,
            "abstract": False,
            "__module__": function.__module__,
            "__doc__": function.__doc__,
            "__wrapped__": staticmethod(function),
            **options,
        }
        task: Task[..., Any] = type(function.__name__, (kind_of_task(name, base, options),), attributes)()
        task.__dict__["__name__"] = function.__name__
        return self._add(task, options)

    def register_task(self, task: Any, **options: Any) -> Task[..., Any]:
        """Register a class-based task (the class, or an instance of it); replaces one of the same name."""
        task = task() if isinstance(task, type) else task
        cls = type(task)
        if not task.name:
            task.name = cls.name = task_name(self.main, cls.__name__, cls.__module__)
        cls.app = self
        if self.tasks.get(task.name, task) is not task:
            text = f"there was a task {task.name!r} already; it is replaced: give the other one another name"
            warnings.warn(text, DuplicateTaskNameWarning, stacklevel=2)
        return self._add(task, options)

    def _add(self, task: Task[..., Any], options: Mapping[str, Any]) -> Task[..., Any]:
        wrapped = autoretry.wrap(task, task.run, options)
        if wrapped is not task.run:
            task.__dict__["run"] = wrapped
        self.tasks[task.name] = task
        type(task).on_bound(self)
        if self._resources is not None:  # else the settings may not be known yet
            self._annotate((task,))
        return task

    def _annotate(self, tasks: Iterable[Any]) -> None:
        if self.conf.task_annotations:
            annotate(tasks, self.conf.task_annotations)

    def gen_task_name(self, name: str, module: str) -> str:
        return task_name(self.main, name, module)

    def autodiscover_tasks(
        self,
        packages: Sequence[str] | Callable[[], Sequence[str]] | None = None,
        related_name: str | None = "tasks",
        force: bool = False,
    ) -> None:
        """Import the module `related_name` of each package, when the app is finalized or, with `force`, now."""

        def find() -> Sequence[str]:
            return related_modules(packages() if callable(packages) else packages or (), related_name)

        self._pending_imports.append(find)
        if force:
            self.finalize()

    def finalize(self, auto: bool = False) -> None:
        """Import what is to be imported: `imports`, `include`, discovered modules. Called by a worker at its start."""
        if not self._is_configured:
            self._is_configured = True
            self.on_configure.send(self)
            self.on_after_configure.send(self, source=self.conf)
        pending, self._pending_imports = self._pending_imports, []
        import_modules([*self.conf.imports, *self.conf.include])
        for find in pending:
            import_modules(find())
        self.on_after_finalize.send(self)

    # Calling.

    def send_task(
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        countdown: float | None = None,
        eta: Any = None,
        task_id: str | None = None,
        producer: Any = None,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Send a task by its name; it need not be known here. Blocks; raises as `Task.apply_async`."""
        if self.conf.task_always_eager:
            self.sender.warn_ignored(name)
        options.update(countdown=countdown, eta=eta, producer=producer)
        link, link_error = options.pop("link", None), options.pop("link_error", None)
        shadow = options.pop("shadow", None)
        given = {key: value for key, value in options.items() if value is not None}
        call = self.sender.call(
            name, args or (), kwargs or {}, self.tasks.get(name), task_id, link, link_error, shadow, given
        )
        sent: AsyncResult[Any] = self.sender.send(call)
        return sent

    def signature(self, *args: Any, **kwargs: Any) -> Any:
        """A `Signature` of this app, also of a serialized one."""
        return signature(*args, app=self, **kwargs)

    def AsyncResult(self, id: str, **kwargs: Any) -> AsyncResult[Any]:
        """The result of the task with this id."""
        return AsyncResult(id, app=self, **{"backend": None, **kwargs})

    @property
    def Task(self) -> type[Task[..., Any]]:
        """The base of this app's tasks, for subclassing."""
        return type("Task", (self.task_cls,), {"app": self, "abstract": True, "__module__": self.task_cls.__module__})

    def worker_main(self, argv: Sequence[str] | None = None) -> None:
        """Run the command line `umbel -A <this app> ARGV`. Does not return."""
        from umbel.__main__ import main  # noqa: PLC0415  (the command line is for those who use it)

        main(argv, app=self)

    start = worker_main

    # Where and when.

    @property
    def current_task(self) -> Any:
        return current.get_current_task()

    current_worker_task = current_task

    def set_current(self) -> None:
        """This is the current app in this thread."""
        current.set_current(self)

    def set_default(self) -> None:
        """This is the app for all threads that name no other."""
        current.set_default(self)

    @property
    def hostname(self) -> str:
        return node_name(None)

    @property
    def thread_oid(self) -> str:
        return self.oid

    @property
    def timezone(self) -> tzinfo:
        """The zone in which a naive `eta` is meant."""
        name = self.conf.timezone
        if name is None or name == "UTC":
            return timezone.utc
        if isinstance(name, tzinfo):
            return name
        from zoneinfo import ZoneInfo  # noqa: PLC0415  (reads files; most apps stay with UTC)

        return ZoneInfo(name)

    def uses_utc_timezone(self) -> bool:
        return self.timezone is timezone.utc

    def now(self) -> datetime:
        """The time, in the app's zone."""
        return from_epoch(clock.time()).astimezone(self.timezone)

    # What is open.

    @property
    def resources(self) -> Resources:
        """Everything that was opened under the present settings; made at first use, again after a change."""
        found = self._resources
        if found is None or found.revision != self._conf.revision or found.pid != os.getpid():
            with self._lock:
                found = self._resources
                if found is None or found.revision != self._conf.revision or found.pid != os.getpid():
                    # What a forked process has from its parent is not its own to close.
                    if found is not None and found.pid == os.getpid():
                        found.close()
                    from umbel.app.resources import Resources  # noqa: PLC0415  (drivers, for those who send)

                    found = self._resources = Resources(self, self._find_catalogue())
                    self._annotate(list(self.tasks.values()))
        return found

    def __getattr__(self, name: str) -> Any:
        if name in _RESOURCES:
            return getattr(self.resources, name)
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self.resources.addition(name)

    def after_fork(self) -> None:
        """Forget what the parent process had open, without touching it. Called in every new process."""
        self._resources = None
        self.oid = new_id()
        self.on_after_fork.send(self)

    def close(self) -> None:
        """Publish what is under way and close connections. The app can be used again."""
        with self._lock:
            found, self._resources = self._resources, None
        if found is not None:
            found.close()
        current.forget(self)

    def __enter__(self) -> Umbel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError("an app cannot be pickled: import it where it is needed")

    def __repr__(self) -> str:
        return f"<Umbel {self.main or '__main__'}>"


def _same(task: Task[..., Any], function: Callable[..., Any]) -> bool:
    known = getattr(task, "__wrapped__", None)
    return known is function or getattr(known, "__code__", None) is getattr(function, "__code__", 1)


def _warn_duplicate(name: str, known: Task[..., Any]) -> Task[..., Any]:
    warnings.warn(
        f"there is a task {name!r} already ({known.__module__}); the first one stays: give the other one another name",
        DuplicateTaskNameWarning,
        stacklevel=4,
    )
    return known
