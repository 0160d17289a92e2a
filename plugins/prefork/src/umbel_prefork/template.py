"""The template: a process with the app imported and no threads, which forks the children and buries them.

It is forked from the worker before the worker has threads, and a child is forked from it whenever one is wanted, so
no child ever starts in the middle of what another thread was doing. It runs no task. When the worker is gone, however
it went, the template kills every child and ends.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from umbel import signals
from umbel_prefork import dispositions
from umbel_prefork.reports import Order, Report

#: Runs in a new child, and must not return: what it is asked to do, and the signals' dispositions before `shield`.
ChildMain = Callable[[Order, "dict[int, Any]"], NoReturn]


class Template:
    """The loop of the template process."""

    def __init__(self, control: socket.socket, child_main: ChildMain) -> None:
        self._control = control
        self._child_main = child_main
        self._children: dict[int, int] = {}  # pid → number
        self._signals: dict[int, Any] = {}
        self._awake, self._alarm = os.pipe()

    def run(self) -> NoReturn:
        # A task that reads from the terminal gets an end of file instead of waiting for ever.
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        dispositions.forget_handlers()
        self._signals = dispositions.shield()
        for fd in (self._awake, self._alarm):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._alarm, warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        try:
            self._serve()
        except (BrokenPipeError, ConnectionResetError):  # the worker is gone
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)  # not buried yet, so still ours
            os._exit(0)

    def _serve(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._awake, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self._awake in ready:
                os.read(self._awake, 4096)
                self._bury()
            if self._control.fileno() in ready:
                order = Order.receive(self._control)
                if order is None:
                    return
                self._fork(order)

    def _fork(self, order: Order) -> None:
        signals.worker_before_create_process.send(None)
        try:
            pid = os.fork()
        except OSError as error:  # no memory, or too many processes
            Report(order.number, 0, error.errno or 1).send(self._control)
        else:
            if pid == 0:
                self._become_child(order)
            self._children[pid] = order.number
            Report(order.number, pid, None).send(self._control)
        finally:
            os.close(order.channel)
            os.close(order.claims)

    def _become_child(self, order: Order) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            self._control.close()
            os.close(self._awake)
            os.close(self._alarm)
            self._child_main(order, self._signals)
        finally:
            os._exit(1)

    def _bury(self) -> None:
        while self._children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            number = self._children.pop(pid, None)
            if number is not None:
                Report(number, pid, os.waitstatus_to_exitcode(status)).send(self._control)
