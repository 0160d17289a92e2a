"""What a process does to run in the background: a session, files and a user of its own. See daemon(7)."""

from __future__ import annotations

import grp
import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from umbel.cli.errors import EX_CANTCREAT, CommandError


def expand(path: str, hostname: str) -> str:
    """The path of a log or pid file: `%n` is the node name before the @, `%h` the whole node name, `%d` the domain of
    its host. `%p`, `%i` and `%I`, which in Celery name a process of the pool, are this process."""
    name, _, host = hostname.partition("@")
    # One file for the worker and its pool: `%I` leaves out the index of the first process, as in Celery.
    values = {"%n": name, "%h": hostname, "%d": host.partition(".")[2], "%p": hostname, "%i": "0", "%I": ""}
    for key, value in values.items():
        path = path.replace(key, value)
    return path.replace("%%", "%")


def detach(logfile: str | None, workdir: str | None = None) -> None:
    """Go on in a process that has no terminal; the one that was called ends with exit code 0.

    Standard output and error go to `logfile`. Must be called before any thread is started.
    """
    output = os.open(logfile or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    if os.fork():
        os._exit(0)
    os.setsid()
    # The second fork gives up the leadership of the session, so no terminal can ever become its own.
    if os.fork():
        os._exit(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, output, output)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)


def set_umask(value: str | int | None) -> None:
    """Text is octal, as in the shell."""
    if value is not None:
        os.umask(int(value, 8) if isinstance(value, str) else value)


def become(uid: str | int | None, gid: str | int | None) -> None:
    """Give up root's rights for those of a user and a group, each a name or a number.

    Raises `CommandError` if one is unknown or this process may not.
    """
    if uid is None and gid is None:
        return
    try:
        user = None if uid is None else _user(uid)
        group = _group(gid) if gid is not None else user.pw_gid if user else os.getgid()
        if os.geteuid() == 0:
            os.initgroups(user.pw_name, group) if user else os.setgroups([group])
        os.setgid(group)
        if user:
            os.setuid(user.pw_uid)
    except KeyError as error:
        raise CommandError(f"--uid {uid} --gid {gid}: {error.args[0]}") from None
    except PermissionError as error:
        raise CommandError(f"--uid {uid} --gid {gid}: only root can become another user ({error})") from None
    if user and user.pw_uid and _can_become_root():
        raise CommandError(f"--uid {uid}: the rights of root could be taken back, so they were not given up")


def _user(uid: str | int) -> pwd.struct_passwd:
    return pwd.getpwuid(int(uid)) if str(uid).isdigit() else pwd.getpwnam(str(uid))


def _group(gid: str | int) -> int:
    return int(gid) if str(gid).isdigit() else grp.getgrnam(str(gid)).gr_gid


def _can_become_root() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True


@contextmanager
def pidfile(path: str | None) -> Iterator[None]:
    """Hold a file with this process's id. Raises `CommandError` if a running process holds it."""
    if path is None:
        yield
        return
    _claim(path)
    try:
        yield
    finally:
        if _holder(path) == os.getpid():
            with suppress(FileNotFoundError):
                os.unlink(path)


def _claim(path: str) -> None:
    holder = _holder(path)
    if holder is not None and _is_running(holder):
        raise CommandError(
            f"--pidfile {path}: process {holder} holds it. Is this worker running already?", EX_CANTCREAT
        )
    # Written first and named then, so that nobody reads an empty one.
    mine = f"{path}.{os.getpid()}"
    try:
        with open(mine, "w") as file:
            file.write(f"{os.getpid()}\n")
        try:
            # A process that died left it behind; whoever creates it anew first has it.
            with suppress(FileNotFoundError):
                os.unlink(path)
            os.link(mine, path)
        finally:
            os.unlink(mine)
    except OSError as error:
        raise CommandError(f"--pidfile {path}: {error.strerror}", EX_CANTCREAT) from error


def _holder(path: str) -> int | None:
    try:
        with open(path) as file:
            return int(file.read().strip() or 0) or None
    except (FileNotFoundError, ValueError):
        return None


def _is_running(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def run_with(executable: str, without: tuple[str, ...]) -> None:
    """Become the same command line under another Python, without some of its options. Does not return."""
    arguments = [argument for argument in sys.argv[1:] if argument not in without]
    os.execv(executable, [executable, "-m", "umbel", *arguments])


def run_again(folder: str, without: tuple[str, ...]) -> None:
    """Become what this process was started as, in the folder of then. Does not return."""
    arguments = [argument for argument in sys.orig_argv[1:] if argument not in without]
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, *arguments])
