"""The directive `run`: a block, below it what it printed, and its picture."""

from __future__ import annotations

from typing import Any, ClassVar

from docs.tutorial_runs.page import FOLDER, StoredRun, read_page, why_stale
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

LOG = getLogger(__name__)


class Run(SphinxDirective):
    """Shows a block and the stored output that belongs to it."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"picture": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the block."""
        page = read_page(FOLDER / f"{self.env.docname.split('/')[-1]}.md")
        number = self.env.temp_data.get("run_block", 0)
        self.env.temp_data["run_block"] = number + 1
        self.env.note_dependency(str(page.record))
        source = "\n".join(self.content)
        shown: list[nodes.Node] = [nodes.literal_block(source, source, language=self.arguments[0])]
        why = why_stale(page)
        if why:
            if number == 0:
                LOG.warning(
                    "tutorial %s: %s; run `make tutorials`",
                    page.name,
                    why,
                    location=self.get_location(),
                )
            return shown
        output = StoredRun.read(page.record).outputs[number]
        if output:
            shown.append(nodes.literal_block(output, output, language="text", classes=["output"]))
        if page.blocks[number].picture:
            shown.append(nodes.image(uri=f"results/{page.picture(number).name}", alt=page.name))
        return shown


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("run", Run)
    return {"parallel_read_safe": True}
