"""The few settings that a run folder is read with, from its own record of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml
from pydantic import ValidationError

from ipip.config.stop import StopSettings
from ipip.config.yaml_text import parse_yaml
from ipip.errors import InputError
from ipip.loop.folder import RunFolder, stage_id, stage_names


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
        InputError: it is not there, or not readable.
    """
    try:
        settings: dict[str, Any] = parse_yaml(run.config_lock.read_text(encoding="utf-8"))
        return RunRules(
            rounds=int(settings["rounds"]),
            stop=StopSettings.model_validate(settings.get("stop", {})),
            committee=int(settings.get("iteration", {}).get("committee", 1)) > 1,
            baseline=bool(settings.get("baseline", {}).get("none", False)),
            active=settings.get("active") is not None,
        )
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, ValidationError):
        raise InputError(
            f"{run.root}: is not a run folder (it has no readable {run.config_lock.name}); `ipip "
            "run CONFIG --dir FOLDER` makes one"
        ) from None
