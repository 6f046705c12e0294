"""The stages of a run's rounds, with their dependencies."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ipip.config.influence import paths_without_influence
from ipip.config.run import RunSettings
from ipip.pipeline.cost import RunSizes
from ipip.pipeline.stage import BoundStage, Round
from ipip.pipeline.stage_settings import pick
from ipip.stages.listing import stages_of_round
from ipip.stages.work.starts import run_sizes


class RoundFactory:
    """Makes the stages of a run's rounds.

    A stage's settings are those that change its own work; earlier stages count through
    their outputs. The number of rounds is in no stage's settings, so a finished run can get
    more.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._parts: dict[tuple[str, ...], dict[str, Any]] = {}

    def round(self, index: int, chain: tuple[int, ...]) -> list[BoundStage]:
        """Return the stages of round `index`, which starts from the last round of `chain`."""
        within = Round(self.settings, index, chain)
        return [
            BoundStage(
                stage=stage,
                round=within,
                settings=self._pick(stage.settings_in(within)),
                inputs=tuple(dict.fromkeys(stage.inputs(within))),
                disk_bytes=stage.disk_bytes(self._sizes),
                without_influence=self._without_influence,
            )
            for stage in stages_of_round(self.settings, index)
        ]

    @cached_property
    def _sizes(self) -> RunSizes:
        return run_sizes(self.settings)

    @cached_property
    def _without_influence(self) -> frozenset[str]:
        return paths_without_influence(self.settings)

    def _pick(self, names: tuple[str, ...]) -> dict[str, Any]:
        if names not in self._parts:
            self._parts[names] = pick(self.settings, *names)
        return self._parts[names]
