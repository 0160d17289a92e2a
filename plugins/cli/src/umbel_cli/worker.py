"""`umbel worker`: Celery's flags, as settings of the app."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from umbel.app.naming import node_name
from umbel.cli.context import CliContext
from umbel.cli.errors import CommandError
from umbel.plugin import hookimpl
from umbel_cli import daemon, log, preparing
from umbel_cli.flags import FlagsOfPlugins
from umbel_cli.reach import warn_if_alone
from umbel_cli.values import comma_separated

if TYPE_CHECKING:
    from umbel.app.app import Umbel
    from umbel.worker import Worker

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "FATAL")

#: Options that are settings of the kernel.
SETTINGS = {
    "concurrency": "worker_concurrency",
    "pool": "worker_pool",
    "prefetch_multiplier": "worker_prefetch_multiplier",
    "disable_prefetch": "worker_disable_prefetch",
    "time_limit": "task_time_limit",
    "soft_time_limit": "task_soft_time_limit",
    "max_tasks_per_child": "worker_max_tasks_per_child",
    "max_memory_per_child": "worker_max_memory_per_child",
    "pool_start_method": "worker_pool_start_method",
    "logfile": "worker_logfile",
    "pidfile": "worker_pidfile",
    "uid": "worker_uid",
    "gid": "worker_gid",
    "umask": "worker_umask",
    "executable": "worker_executable",
}
#: Options that ask for a feature: its name, and the setting that the plugin which brings it reads.
FEATURES = {
    "task_events": ("events", "worker_send_task_events"),
    "heartbeat_interval": ("heartbeat", "heartbeat_interval_s"),
    "statedb": ("control", "worker_state_db"),
    "autoscale": ("autoscale", "autoscale_limits"),
    "beat": ("beat", "beat_embedded"),
    "schedule_filename": ("beat", "beat_schedule_filename"),
    "scheduler": ("beat", "beat_scheduler"),
}
#: Options that switch off a feature, which may not be there in the first place.
SWITCHES = {"without_gossip": "gossip", "without_mingle": "mingle", "without_heartbeat": "heartbeat"}


def _flag(*names: str, help: str) -> Callable[[Any], Any]:
    """A flag that says nothing (None) unless it is given."""
    return click.option(*names, is_flag=True, default=None, help=help)


@click.command(cls=FlagsOfPlugins)
@click.argument("configuration", nargs=-1, type=click.UNPROCESSED)
@click.option("-n", "--hostname", help="The node's name; %h, %n and %d are the host, its name and its domain.")
@click.option(
    "-l",
    "--loglevel",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="WARNING",
    show_default=True,
    help="What is logged.",
)
@click.option("-O", "--optimization", type=click.Choice(["default", "fair"]), help="Both mean fair, as in Celery.")
@click.option("--prefetch-multiplier", type=int, help="Messages reserved for each task that can run at once.")
@_flag("--disable-prefetch", help="Reserve a message only when a task can start.")
@click.option("-c", "--concurrency", type=click.IntRange(min=1), help="How many tasks run at once.")
@click.option("-P", "--pool", help="What runs the tasks: the name of a pool.")
@click.option("--time-limit", type=float, help="Seconds after which a task is killed.")
@click.option("--soft-time-limit", type=float, help="Seconds after which a task is told to stop.")
@click.option("--max-tasks-per-child", type=int, help="Replace a process after so many tasks.")
@click.option("--max-memory-per-child", type=int, metavar="KIB", help="Replace a process that has more memory.")
@click.option("--pool-start-method", type=click.Choice(["fork", "spawn", "forkserver"]), help="How processes are made.")
@_flag("--purge", "--discard", help="Delete what waits in the queues first.")
@click.option(
    "-Q", "--queues", type=comma_separated, metavar="A,B", help="Queues to consume from, separated by commas."
)
@click.option(
    "-X", "--exclude-queues", type=comma_separated, metavar="A,B", default="", help="Queues not to consume from."
)
@click.option("-I", "--include", type=comma_separated, metavar="A,B", default="", help="More modules to import.")
@_flag("-E", "--task-events", "--events", help="Send events for monitors.")
@_flag("--without-gossip", help="Do not listen to other workers.")
@_flag("--without-mingle", help="Do not ask other workers at the start.")
@_flag("--without-heartbeat", help="Send no heartbeats.")
@click.option("--heartbeat-interval", type=int, help="Seconds between heartbeats.")
@click.option("--autoscale", metavar="MAX,MIN", help="Grow and shrink the pool between these numbers.")
@click.option("-S", "--statedb", type=click.Path(), help="The file in which revoked tasks survive a restart.")
@_flag("-B", "--beat", help="Run the periodic scheduler in this worker.")
@click.option("-s", "--schedule-filename", "--schedule", help="The scheduler's file.")
@click.option("--scheduler", help="The scheduler to use.")
@_flag("-D", "--detach", help="Run in the background.")
@click.option("-f", "--logfile", help="Log to this file.")
@click.option("--pidfile", help="Hold this file with the process id.")
@click.option("--uid", help="Become this user.")
@click.option("--gid", help="Become this group.")
@click.option("--umask", help="Permissions that new files do not get, in octal.")
@click.option("--executable", help="The Python of a detached worker.")
@click.pass_obj
def worker(context: CliContext, /, **options: Any) -> None:
    """Start a worker, in the foreground unless --detach. SIGTERM lets running tasks end, a second one does not; SIGHUP
    does so, too, and starts the worker anew unless it is at a terminal.

    CONFIGURATION after `--` are settings, such as `worker.prefetch_multiplier=1`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if context.given is None:  # else it has been imported by whoever calls, and the pool must cope with that
        preparing.prepare(given.get("pool"))
    app = context.app
    app.config_from_cmdline(given["configuration"], namespace="worker")
    app.conf.change({SETTINGS[option]: given[option] for option in SETTINGS.keys() & given}, "the command line")
    # What no option above is called is a setting, and a plugin's.
    own = {parameter.name for parameter in worker.params}
    app.conf.change({setting: value for setting, value in given.items() if setting not in own}, "the command line")
    if context.given is None:
        preparing.start_over(app, given.get("pool"))
    _ask_for_features(app, given)
    _switch_off(app, given)
    _daemonize(app, given)
    # At a terminal HUP says that it is gone.
    anew_on_hup = not (sys.stdin and sys.stdin.isatty())
    with daemon.pidfile(_path(app, given, "pidfile")):
        code, ended = _run(context, given)
    if code == 0 and (ended.again or (anew_on_hup and ended.stop_reason == "SIGHUP")):
        daemon.run_again(context.started_in, without=("-D", "--detach"))
    sys.exit(code)


def _ask_for_features(app: Umbel, given: Mapping[str, Any]) -> None:
    """Hand options to the plugins that bring the feature; raises `CommandError` if none is installed."""
    catalogue = app.catalogue
    installed = {entry.name for entry in catalogue.entries() if entry.status == "ok"}
    settings = {}
    for option, (feature, setting) in FEATURES.items():
        if option not in given:
            continue
        if feature not in installed:
            raise CommandError(
                f"--{option.replace('_', '-')} asks for {feature!r}, which no installed plugin brings. "
                f"To get it, try: {catalogue.install_hint(feature)}"
            )
        settings[setting] = given[option]
    app.conf.change(settings, "the command line")


def _switch_off(app: Umbel, given: Mapping[str, Any]) -> None:
    unwanted = [feature for option, feature in SWITCHES.items() if option in given]
    if unwanted:
        disabled = (*app.conf.plugins_disabled, *unwanted)
        app.conf.change({"plugins_disabled": disabled}, "the command line")


def _daemonize(app: Umbel, given: Mapping[str, Any]) -> None:
    """Become the process that the worker shall run in. Nothing is open yet."""
    conf = app.conf
    daemon.set_umask(conf.worker_umask)
    if "detach" in given:
        daemon.detach(_path(app, given, "logfile"))
        if conf.worker_executable:
            daemon.run_with(conf.worker_executable, without=("-D", "--detach"))
    daemon.become(conf.worker_uid, conf.worker_gid)


def _path(app: Umbel, given: Mapping[str, Any], name: str) -> str | None:
    path = app.conf[f"worker_{name}"]
    return daemon.expand(path, node_name(given.get("hostname"))) if path else None


def _run(context: CliContext, given: Mapping[str, Any]) -> tuple[int, Worker]:
    """Blocks until the worker has ended; its exit code, and what has ended."""
    # Help must not pay for the worker.
    from umbel.worker import Worker  # noqa: PLC0415
    from umbel_cli.banner import banner  # noqa: PLC0415

    app = context.app
    log.setup(app.conf, given["loglevel"], _path(app, given, "logfile"), colorize=False if context.no_color else None)
    places = {name: given.get(name) for name in ("hostname", "queues")}
    worker = Worker(app, exclude_queues=given["exclude_queues"], include=given["include"], **places)
    if "purge" in given:
        admin = app.transport.admin()
        for queue in worker.options.queues:
            admin.purge(queue)
    if not context.quiet:
        click.echo(banner(worker))
    warn_if_alone(app, "read")
    with log.redirected_stdouts(app.conf):  # an error that comes out is for the terminal again
        return worker.run(), worker


@hookimpl
def umbel_command() -> click.Command:
    return worker
