"""`python interpreter.py`: an interactive Python that a page's `pycon` blocks are typed into.

Reads JSON lines, each a list of examples `[source, expected]`; answers each with a JSON line: what differed, or null.
"""

from __future__ import annotations

import doctest
import io
import json
import os
import sys
from typing import Any

_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def main() -> None:
    # Whatever the page's code prints besides, the answers go where they are expected.
    answers = os.fdopen(os.dup(1), "w")
    sys.path.insert(0, os.getcwd())
    names: dict[str, Any] = {"__name__": "__main__"}
    for line in sys.stdin:
        test = doctest.DocTestParser().get_doctest(json.loads(line), names, "page", None, 0)
        report = io.StringIO()
        results = doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=report.write, clear_globs=False)
        names = test.globs
        if not results.attempted:
            report.write("the block has no example")
        print(json.dumps(report.getvalue() or None), file=answers, flush=True)


if __name__ == "__main__":
    main()
