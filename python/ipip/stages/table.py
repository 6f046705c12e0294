"""The stages as a table in Markdown: that of docs/loop.md.

`python -m ipip.stages.table` prints it.
"""

from __future__ import annotations

from ipip.pipeline.stage import Stage
from ipip.stages import listing

COLUMNS = ("stage", "rounds", "what it does", "settings that count", "writes")
ROUNDS = {"first": "0", "later": "1, 2, ...", "all": "all"}


def stages_table() -> str:
    """Return one row for each stage, in order."""
    rows = [COLUMNS, ("---",) * len(COLUMNS)]
    rows += [_row(stage) for stage in sorted(listing.STAGES, key=lambda stage: stage.name)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(stage: Stage) -> tuple[str, ...]:
    rounds = ROUNDS[stage.rounds]
    return (
        f"`{stage.name}`",
        f"{rounds}, {stage.condition}" if stage.condition else rounds,
        stage.title,
        ", ".join(f"`{name}`" for name in stage.settings),
        ", ".join(f"`{name}`" for name in stage.writes),
    )


if __name__ == "__main__":
    print(stages_table())
