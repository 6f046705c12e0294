"""The few settings that a run folder is read with, from its own record of them."""

from __future__ import annotations

import dataclasses

from pydantic import ValidationError

from ipip.config.stop import StopSettings
from ipip.errors import InputError
from ipip.loop.config_lock import read_config_lock
from ipip.pipeline.folder import RunFolder, stage_id, stage_names


@dataclasses.dataclass(frozen=True)
class RunRules:
    """What decides how many stages a run has.

    Attributes:
        rounds: that it shall have after round 0.
        stop: when it ends early or goes back.
        committee: rounds that have a successor train a committee.
        baseline: round 0 trains the baseline without pretraining.
        active: later rounds have new frames labelled at the reference level.
    """

    rounds: int
    stop: StopSettings
    committee: bool
    baseline: bool
    active: bool = False

    def stages(self) -> list[str]:
        """Return the names of all stages, if no rule ends the run early."""
        return [
            stage_id(index, name)
            for index in range(self.rounds + 1)
            for name in stage_names(
                index,
                committee=self.committee and index < self.rounds,
                baseline=self.baseline,
                active=self.active,
            )
        ]


def read_rules(run: RunFolder) -> RunRules:
    """Read the record of a run's settings.

    Raises:
        InputError: it is not there, or not what ipip wrote.
    """
    settings = read_config_lock(run)
    try:
        return RunRules(
            rounds=int(settings["rounds"]),
            stop=StopSettings.model_validate(settings.get("stop", {})),
            committee=int(settings.get("iteration", {}).get("committee", 1)) > 1,
            baseline=bool(settings.get("baseline", {}).get("none", False)),
            active=settings.get("active") is not None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ValidationError):
        raise InputError(
            f"{run.root}: {run.config_lock.name} is not of this version of ipip; `ipip run CONFIG "
            f"--dir {run.root}` with the settings of the run writes it again"
        ) from None
