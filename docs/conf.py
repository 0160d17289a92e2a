"""How the site is built: `sphinx-build -W -n -b html docs docs/_build/html`, or `tox -e docs`."""

import sys
from pathlib import Path

import umbel

HERE = Path(__file__).parent
# The generators of the reference, and how the guards count lines.
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent / "tests" / "guards")]

project = "Umbel"
author = "The Umbel authors"
copyright = "The Umbel authors"
version = release = umbel.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "umbel_docs"]
exclude_patterns = ["_build", "_ext"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = f"Umbel {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Docstrings write `name` for code, as Markdown does.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True

# Every reference to something of ours must resolve; the standard library's index would have to be downloaded.
nitpicky = True
nitpick_ignore_regex = [(r"py:.*", r"(?!umbel\.).*"), (r"py:class", r"umbel\..*\.[PR]")]
