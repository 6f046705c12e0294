"""The stages as a table in Markdown: that of docs/loop.md.

`python -m ipip.stages.table` prints it.
"""

from __future__ import annotations

from typing import Any

from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.pipeline.stage import Round, Stage
from ipip.records.run_folder import split_stage_id
from ipip.stages import listing

COLUMNS = ("stage", "rounds", "work", "settings", "reads", "writes")
ROUNDS = {"first": "0", "later": "1, 2, ...", "all": "all"}
EVERY_OPTION = {
    "rounds": 3,
    "active": {"frames": 1, "level": {"kind": "tblite"}},
    "baseline": {"none": True},
    "physics": {},
    "iteration": {
        "start": "warm",
        "replay": 0.5,
        "kept_labels": "trust",
        "labeller": "average",
        "uncertainty": "committee",
        "committee": 2,
    },
}


def stages_table() -> str:
    """Return one row for each stage, in order, with its inputs if all options are set."""
    settings = RunSettings.model_validate(quick_values() | EVERY_OPTION)
    rows = [COLUMNS, ("---",) * len(COLUMNS)]
    rows += [_row(stage, settings) for stage in sorted(listing.STAGES, key=lambda s: s.name)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(stage: Stage[Any], settings: RunSettings) -> tuple[str, ...]:
    rounds = ROUNDS[stage.rounds]
    within = Round(settings, 0) if stage.rounds == "first" else Round(settings, 2, (0, 1))
    reads = dict.fromkeys(_input(stage_id, within) for stage_id in stage.inputs(within))
    return (
        f"`{stage.name}`",
        f"{rounds}, {stage.condition}" if stage.condition else rounds,
        stage.title,
        ", ".join(f"`{name}`" for name in stage.settings),
        ", ".join(reads),
        ", ".join(f"`{name}`" for name in stage.record.writes),
    )


def _input(stage_id: str, within: Round) -> str:
    """Return the name of an input stage, marked if it is of an earlier round."""
    index, name = split_stage_id(stage_id)
    stage = listing.find_stage(stage_id)
    again = stage is not None and stage.rounds != "first"
    return f"`{name}` *before*" if again and index < within.index else f"`{name}`"


if __name__ == "__main__":
    print(stages_table())
