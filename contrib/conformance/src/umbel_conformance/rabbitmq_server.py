"""A real RabbitMQ node for tests: on free ports, in a folder of its own, to be stopped, killed, started again.

It takes some seconds to start and 160 MB, so a session shares one, and a test asks it for a virtual host of its own.
`rabbitmqctl` starts an Erlang machine for each command; here one stays, and a command takes a millisecond.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from umbel_conformance.mortal import mortal

#: Nothing waits for time to pass; this only bounds a test that has failed already.
LIMIT_S = 90.0
#: Debian's package has a wrapper on the PATH that changes the user; this is what it starts.
PACKAGED = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
#: What the node that gives commands does: evaluate each line, with N for the name of the server's node.
_LOOP = """
Loop = fun Loop() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            {ok, Tokens, _} = erl_scan:string(Line),
            {ok, Exprs} = erl_parse:parse_exprs(Tokens),
            Answer = (catch element(2, erl_eval:exprs(Exprs, [{'N', NODE}]))),
            io:format("~0tp~n", [Answer]),
            Loop()
    end
end, Loop().
"""


class RabbitmqServer:
    """A node that a test may stop, kill and start again, on the same ports and with the same data."""

    user = password = "umbel"

    def __init__(self, folder: Path, config: str = "", arguments: str = "", busy: bool = False) -> None:
        """`config` is what stands in its rabbitmq.conf beside what is needed here, `arguments` on its command line, for
        what has no name there: `-rabbit key value`. A node that is `busy` waits as Erlang does if nobody says
        otherwise, which takes CPU from other processes of the machine."""
        self.folder = folder
        self._busy = busy
        self.port, self._dist_port, self._epmd_port = (_free_port() for _ in range(3))
        self._ran = False
        self._config, self._arguments = config, arguments
        self._vhosts = count(1)
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._control: subprocess.Popen[str] | None = None

    def url(self, vhost: str = "/", port: int | None = None) -> str:
        """Where a virtual host is; with `port`, where somebody passes it on."""
        name = vhost.replace("%", "%25").replace("/", "%2F")
        return f"amqp://{self.user}:{self.password}@127.0.0.1:{port or self.port}/{name}"

    @property
    def pid(self) -> int:
        """Of the node's process."""
        assert self._node is not None
        return self._node.pid

    def start(self) -> RabbitmqServer:
        """Returns when the node takes connections."""
        for tries_left in (2, 1, 0):
            try:
                self._start()
                break
            except AssertionError:
                if self._ran or not tries_left:
                    raise
                # A port that was free a moment ago is somebody else's now.
                self.close()
                self.port, self._dist_port, self._epmd_port = (_free_port() for _ in range(3))
        self._ran = True
        return self

    def _start(self) -> None:
        executable = _executable()
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            f"default_user = {self.user}",
            f"default_pass = {self.password}",
            "disk_free_limit.absolute = 10MB",
            "loopback_users = none",
            "log.console = false",
            self._config,
        ]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "enabled_plugins").write_text("[].\n")
        if self._epmd is None:
            # The node would start one that outlives it.
            self._epmd = self._started(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"], "epmd.log")
            _until_open(self._epmd_port, self._epmd, self.folder / "epmd.log")
        self._node = self._started([executable], "node.log")
        _until_open(self.port, self._node, self.folder / "node.log")
        self._connect_control()
        self.evaluate("rpc:call(N, rabbit, await_startup, [])")
        # Whoever answers on the port, it is this node.
        assert self.evaluate("rpc:call(N, rabbit, is_running, [])") == "true", f"see {self.folder / 'log'}"

    def new_vhost(self) -> str:
        """The name of a virtual host that nobody has used."""
        name = f"v{next(self._vhosts)}"
        self.evaluate(f'rpc:call(N, rabbit_vhost, add, [<<"{name}">>, <<"tests">>])')
        all_ = '<<".*">>'
        given = f'<<"{self.user}">>, <<"{name}">>, {all_}, {all_}, {all_}, <<"tests">>'
        self.evaluate(f"rpc:call(N, rabbit_auth_backend_internal, set_permissions, [{given}])")
        return name

    def evaluate(self, expression: str) -> str:
        """The value of an Erlang expression, as text; N is the server's node: `rpc:call(N, module, function, [])`."""
        control = self._control
        assert control is not None
        assert control.stdin is not None
        assert control.stdout is not None
        control.stdin.write(expression.replace("\n", " ") + ".\n")
        control.stdin.flush()
        answer = control.stdout.readline().strip()
        assert not answer.startswith(("{badrpc", "{'EXIT'")), f"{expression}: {answer}"
        return answer

    def raise_alarm(self) -> None:
        """Have too little memory, so that publishers are blocked."""
        self.evaluate("rpc:call(N, vm_memory_monitor, set_vm_memory_high_watermark, [0.000001])")

    def clear_alarm(self) -> None:
        self.evaluate("rpc:call(N, vm_memory_monitor, set_vm_memory_high_watermark, [0.8])")

    def close_connections(self, vhost: str) -> None:
        """Have the server close them, as an operator does."""
        mine = f'rpc:call(N, rabbit_connection_tracking, list, [<<"{vhost}">>])'
        close = 'rpc:call(N, rabbit_networking, close_connection, [element(6, C), "for a test"])'
        self.evaluate(f"[{close} || C <- {mine}]")

    def stop(self) -> None:
        """As a shutdown of its machine does; waits for the end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def close(self) -> None:
        """Kill it, and what was started beside it."""
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait(LIMIT_S)
            self._epmd = None

    def _started(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as out:
            return subprocess.Popen(
                mortal(command),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            # The script becomes the node, so that who kills the one kills the other.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}"
            f"{'' if self._busy else ' +sbwt none'} {self._arguments}",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
        }

    @property
    def _name(self) -> str:
        return f"umbel{self.port}@localhost"

    def _connect_control(self) -> None:
        if self._control is not None:
            self._control.kill()
            self._control.wait(LIMIT_S)
        names = ["-sname", f"control{self.port}@localhost", "-hidden"]
        command = ["erl", *names, "-noinput", "-noshell", "-eval", _LOOP.replace("NODE", f"'{self._name}'")]
        with (self.folder / "control.log").open("ab") as log:
            self._control = subprocess.Popen(
                mortal(command),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )

    def _end(self, how: signal.Signals) -> None:
        control, self._control = self._control, None
        if control is not None:
            control.kill()
            control.communicate()
        if self._node is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._node.pid, how)
            self._node.wait(LIMIT_S)
            self._node = None


def _executable() -> str:
    """Where there is none, a test fails if it is meant to find everything (CI=true), and is skipped otherwise."""
    executable = str(PACKAGED) if PACKAGED.exists() else shutil.which("rabbitmq-server")
    if executable is None:
        missing = "there is no rabbitmq-server on the PATH: apt-get install rabbitmq-server"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return executable


def _until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    pause = threading.Event()
    for _ in range(int(LIMIT_S / 0.05)):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S):
            return
        assert process.poll() is None, log.read_text(errors="replace")
        pause.wait(0.05)
    raise AssertionError(f"nobody answers on port {port}: {log.read_text(errors='replace')}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
