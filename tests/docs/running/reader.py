"""A reader of one page: does what its blocks say, from top to bottom, in a folder and a home of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from background import LIMIT_S, Background
from expectation import is_all

from umbel_docs.blocks import Block

_HERE = Path(__file__).parent


class Wrong(AssertionError):
    """The page says one thing, and another happens."""


class Reader:
    """Use as a context manager: nothing is left behind."""

    def __init__(self) -> None:
        # Not pytest's: a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="umbel-docs-"))
        self.environment = _environment(self.folder)
        self._background: dict[str, Background] = {}
        self._interpreter: subprocess.Popen[str] | None = None

    def follow(self, block: Block) -> None:
        """Do what the block says. Raises `Wrong`."""
        options = block.options
        if "file" in options:
            self._write(block, options["file"])
        elif "patch" in options:
            self._patch(block, self.folder / options["patch"])
        elif "from" in options:
            self._hear(block, options["from"], block.text)
        elif "background" in options:
            self._start(block, options["background"])
        elif block.language == "console":
            self._run(block, int(options.get("exit", 0)))
        elif block.language == "pycon":
            self._type(block)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._interpreter is not None:
            self._interpreter.kill()
            self._interpreter.wait()
            for stream in (self._interpreter.stdin, self._interpreter.stdout):
                if stream is not None:
                    stream.close()
        for process in self._background.values():
            process.end()
        shutil.rmtree(self.folder)

    def _write(self, block: Block, name: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
        if path.suffix == ".py":
            compile(block.text, str(block), "exec")

    def _patch(self, block: Block, path: Path) -> None:
        """Hunks are separated by lines that begin with `@@`; each has to fit in one place exactly."""
        text = path.read_text("utf-8")
        for hunk in re.split(r"^@@.*\n", block.text, flags=re.MULTILINE):
            lines = [line or " " for line in hunk.splitlines()]
            before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
            after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
            if not hunk.strip():
                continue
            if text.count(before) != 1:
                raise Wrong(
                    f"{block}: expected this once in {path.name}, found it {text.count(before)} times:\n{before}"
                )
            text = text.replace(before, after)
        path.write_text(text, "utf-8")

    def _run(self, block: Block, code: int) -> None:
        for command, expected in _commands(block):
            ran = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LIMIT_S,
            )
            if ran.returncode != code or not is_all(expected, ran.stdout):
                raise Wrong(
                    f"{block}: $ {command}\n--- expected (exit code {code})\n{expected}"
                    f"--- found (exit code {ran.returncode})\n{ran.stdout}"
                )

    def _start(self, block: Block, name: str) -> None:
        ((command, expected),) = _commands(block)
        if name in self._background:
            self._background[name].end()
        self._background[name] = Background(command, self.folder, self.environment)
        self._hear(block, name, expected)

    def _hear(self, block: Block, name: str, expected: str) -> None:
        instead = self._background[name].expect(expected)
        if instead is not None:
            raise Wrong(f"{block}: the output of {name}\n--- expected\n{expected}--- found\n{instead}")

    def _type(self, block: Block) -> None:
        if self._interpreter is None:
            self._interpreter = subprocess.Popen(
                [str(self.folder / ".venv" / "bin" / "python"), str(_HERE / "interpreter.py")],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        commands, answers = _pipes(self._interpreter)
        print(json.dumps(block.text), file=commands, flush=True)
        answer = answers.readline()
        if not answer:
            raise Wrong(f"{block}: the interpreter ended")
        if json.loads(answer) is not None:
            raise Wrong(f"{block}: {json.loads(answer)}")


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _commands(block: Block) -> Iterator[tuple[str, str]]:
    """What stands after each `$ ` (with the lines that a `> ` continues), and the lines until the next one."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines(keepends=True)
        command = lines.pop(0)
        while lines and lines[0].startswith("> "):
            command += lines.pop(0)[2:]
        yield command.strip(), "".join(lines)


def _environment(folder: Path) -> Mapping[str, str]:
    """A clean home, and a virtual environment that sees what is installed here: what a page installs goes there."""
    home = folder / ".home"
    scripts = _virtual_environment(folder / ".venv")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("UMBEL_", "CELERY_", "PYTEST_"))}
    return {
        **kept,
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(folder / ".venv"),
        # Nothing is downloaded: what a page asks for is here already, its build backend too.
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
        # A page may edit a module twice in a second, and the cache would not notice: it looks at size and second.
        "PYTHONDONTWRITEBYTECODE": "1",
        "NO_COLOR": "1",
        "COLUMNS": "100",
    }


def _virtual_environment(folder: Path) -> Path:
    """Returns its folder of scripts."""
    venv.create(folder, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # A line in a .pth file that begins with `import` is run (https://docs.python.org/3/library/site.html).
    (site / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    scripts = folder / "bin"
    for module in ("pip", "pytest", "umbel"):
        script = scripts / module
        script.write_text(f'#!/bin/sh\nexec "{scripts / "python"}" -m {module} "$@"\n')
        script.chmod(0o755)
    return scripts
