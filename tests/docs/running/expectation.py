"""Whether an output is what a page says.

`...` stands for anything within a line, and on a line of its own for any number of lines. Ids, times, durations,
process ids, versions and counts of tests differ from run to run: in a page they look real, and match any other. Two
spaces or more match as many or more: columns are as wide as what happens to stand in them.
"""

from __future__ import annotations

import re

_VARYING = (
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",  # a task's id
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:[+-]\d\d:\d\d)?",  # a time
    r"\d+\.\d+(?:e-\d+)?s\b",  # a duration
    r"(?<=pid )\d+",
    r"(?<=  )[\w.-]+/\d+(?=  )",  # a process, in a column
    r"\b\d+\.\d+\.\d+\b",  # a version
    r"\b\d+(?= (?:failed|passed|skipped|deselected))",  # a count of tests
)
_ANY = re.compile("|".join(f"({pattern})" for pattern in (*_VARYING, r"celery@[\w.-]+", r"\.\.\.")))
_FREE = (*_VARYING, r"celery@[\w.-]+", r".*?")


def pattern(expected: str) -> str:
    """The regular expression of the lines that a page shows; matches whole lines."""
    found = ""
    for line in expected.splitlines():
        found += r"(?:.*\n)*?" if line.strip() == "..." else _line(line.rstrip()) + r"[ \t]*\n"
    return found


def _line(line: str) -> str:
    found, end = "", 0
    for varying in _ANY.finditer(line):
        found += _fixed(line[end : varying.start()]) + _FREE[(varying.lastindex or 1) - 1]
        end = varying.end()
    return found + _fixed(line[end:])


def _fixed(text: str) -> str:
    return re.sub(r"(?:\\ ){2,}", " {2,}", re.escape(text))


def end_of_match(expected: str, output: str) -> int | None:
    """How much of `output` the expected lines are; None if it does not begin with them."""
    found = re.match(pattern(expected), output)
    return found.end() if found else None


def is_all(expected: str, output: str) -> bool:
    """The expected lines are the whole output."""
    whole = output if output.endswith("\n") or not output else output + "\n"
    return re.fullmatch(pattern(expected), whole) is not None
