"""Sphinx settings of the site: `make docs` builds it into build/site, without network."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from pygments.lexers.special import TextLexer

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from docs.reference_pages import write_reference  # noqa: E402

from ipip import __version__  # noqa: E402

project = "ipip"
author = "The ipip developers"
project_copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "docs.tutorial_runs.directive",
]
exclude_patterns = ["reference_pages", "tutorial_runs", "**/__pycache__"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
copybutton_prompt_text = "$ "

default_role = "code"  # docstrings mark code by one backtick
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_use_ivar = True  # attributes are described by their class, and are no entries of their own

html_theme = "furo"
html_title = f"ipip {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}

# Of the package with MathJax only what these pages load: one script, and its fonts.
mathjax = importlib.util.find_spec("sphinx-mathjax-offline")
assert mathjax is not None and mathjax.origin is not None, "pip install 'ipip[docs]'"
MATHJAX = Path(mathjax.origin).parent / "static" / "mathjax"
mathjax_path = "mathjax/tex-chtml.js"
linkcheck_timeout = 20
linkcheck_retries = 2


def copy_mathjax(app, _) -> None:
    """Put MathJax beside the pages."""
    import shutil

    target = Path(app.outdir) / "_static" / "mathjax"
    for name in ("tex-chtml.js", "output/chtml/fonts/woff-v2"):
        source, copy = MATHJAX / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, copy)


def show_bars(app, what, name, value, options, lines) -> None:
    """Keep norms such as |F| of docstrings as they are; reStructuredText would substitute them."""
    for k, line in enumerate(lines):
        parts = line.split("`")
        parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
        lines[k] = "`".join(parts)


def setup(app) -> None:
    """Write the generated pages before any page is read."""
    app.connect("config-inited", lambda *_: write_reference(HERE / "reference"))
    app.connect("autodoc-process-docstring", show_bars)
    app.add_lexer("lammps", TextLexer)
    app.connect("build-finished", copy_mathjax)
