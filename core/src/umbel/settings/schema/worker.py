"""Settings that begin with `worker_`."""

from __future__ import annotations

from typing import ClassVar, Literal

from attrs import field, frozen

_LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s"
_TASK_LOG_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s"
_PLUGIN = "the worker is extended by plugins (boot steps, consumers, pools), not by naming a class"


@frozen(kw_only=True, eq=False)
class WorkerSettings:
    old_prefix: ClassVar[str] = "CELERYD_"

    #: How many tasks run at once. None: the number of CPUs.
    concurrency: int | None = None
    #: What runs the tasks: the name of a pool. None is the default pool.
    pool: str | None = None
    #: How many messages are reserved for each task that can run at once; 0: no limit.
    prefetch_multiplier: int = 4
    #: Seconds of work that may be reserved beyond `worker_prefetch_multiplier` while tasks are short;
    #: 0: strictly the multiplier.
    prefetch_ahead_s: float = 0.05
    #: Reserve a message only when a task can start at once.
    disable_prefetch: bool = False
    #: After a lost connection reserve less until what is still running is done.
    enable_prefetch_count_reduction: bool = True
    #: How many tasks with a later ETA a worker holds itself, where the transport cannot; None: no limit.
    eta_task_limit: int | None = None
    #: Seconds to wait for what a dead process of the pool may still have sent.
    lost_wait: float = field(default=10.0, metadata={"old": "CELERYD_WORKER_LOST_WAIT"})
    #: A message is not run again, but kept with the dead letters, when it came back from this many processes that died
    #: under it. Only what it may have caused counts: not that a worker died which merely held it, but for the first
    #: time. 0: never.
    lost_limit: int = 3
    #: A process of the pool is replaced after this many tasks; None: never.
    max_tasks_per_child: int | None = None
    #: A process of the pool is replaced when it holds more memory than this, in KiB; None: never.
    max_memory_per_child: int | None = None
    #: Seconds to wait for a process of the pool to start.
    proc_alive_timeout: float = 4.0
    #: How the pool makes processes, where it has a choice.
    pool_start_method: Literal["fork", "spawn", "forkserver"] = "fork"
    #: Allow remote control to restart the pool.
    pool_restarts: bool = False
    #: Bounds what waits in the pool. It always is bounded here; the name is kept for Celery's users.
    pool_putlocks: bool = True
    #: The class that grows and shrinks the pool; None: the one of the plugin that does.
    autoscaler: str | None = None
    #: Ignore rate limits.
    disable_rate_limits: bool = field(default=False, metadata={"old": "CELERY_DISABLE_RATE_LIMITS"})
    #: Consume also from a queue of this worker's own, `HOSTNAME.dq2`.
    direct: bool = field(default=False, metadata={"old": "CELERY_WORKER_DIRECT"})
    #: Adapt to brokers with quorum queues.
    detect_quorum_queues: bool = True
    #: Do not run a redelivered task again whose success is stored already.
    deduplicate_successful_tasks: bool = False
    #: When the connection is lost, cancel running tasks that are acknowledged late: they will come again.
    cancel_long_running_tasks_on_connection_loss: bool = False
    #: Seconds that running tasks are given by what would be a cold shutdown, once; 0: none.
    soft_shutdown_timeout: float = 0.0
    #: Wait these seconds also while nothing runs.
    enable_soft_shutdown_on_idle: bool = False

    #: Listen to remote control.
    enable_remote_control: bool = field(default=True, metadata={"old": "CELERY_ENABLE_REMOTE_CONTROL"})
    #: Send events about tasks to monitors.
    send_task_events: bool = field(default=False, metadata={"old": "CELERY_SEND_EVENTS"})
    #: The file in which revoked tasks survive a restart; None: none.
    state_db: str | None = None

    #: Take over the root logger: handlers that were there are removed.
    hijack_root_logger: bool = True
    #: Colours in the log; None: if it goes to a terminal.
    log_color: bool | None = None
    #: The format of log lines; see `logging.Formatter`.
    log_format: str = _LOG_FORMAT
    #: The format of times in log lines; see `time.strftime`.
    log_datefmt: str | None = None
    #: The format of what tasks log; `task_name` and `task_id` are known there.
    task_log_format: str = _TASK_LOG_FORMAT
    #: The format of times in what tasks log.
    task_log_datefmt: str | None = None
    #: What tasks print goes to the log.
    redirect_stdouts: bool = field(default=True, metadata={"old": "CELERY_REDIRECT_STDOUTS"})
    #: With this level.
    redirect_stdouts_level: str | int = field(default="WARNING", metadata={"old": "CELERY_REDIRECT_STDOUTS_LEVEL"})

    #: The file that a worker logs to; None: standard error.
    logfile: str | None = None
    #: The file that holds a worker's process id; None: none.
    pidfile: str | None = None
    #: The user that a worker started by root becomes.
    uid: str | int | None = None
    #: The group that a worker started by root becomes.
    gid: str | int | None = None
    #: The permissions that new files do not get; text is octal.
    umask: str | int | None = None
    #: The Python that runs a detached worker.
    executable: str | None = None

    #: Celery's class of the worker's consumer.
    consumer: str | None = field(default=None, metadata={"gone": _PLUGIN})
    #: Celery's class of an agent.
    agent: str | None = field(default=None, metadata={"gone": _PLUGIN})
    #: Celery's class of the timer.
    timer: str | None = field(default=None, metadata={"gone": _PLUGIN})
    #: Seconds between two looks of Celery's timer at its schedule. Here nothing looks: waiting ends when it is time.
    timer_precision: float = 1.0
