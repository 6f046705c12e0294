"""Curves of a training in Weights & Biases, which is optional."""

from __future__ import annotations

import importlib.util
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipip.errors import InputError
from ipip.installation import install_command

if TYPE_CHECKING:
    from ipip.train.fitting.module import TrainingModule


def check_wandb() -> None:
    """Check that the package is installed.

    Raises:
        InputError: it is not installed.
    """
    if importlib.util.find_spec("wandb") is None:
        raise InputError(
            "wandb_project is set, but the package wandb is not installed; run: "
            f"{install_command(extra='wandb')} (or remove wandb_project)"
        )


class WandbLog:
    """Sends each epoch's row; a resumed training continues its run.

    Settings of `wandb` (account, `WANDB_MODE=offline`) are set outside of ipip.

    Args:
        folder: of the training; holds `wandb/`, and its name is the name of the run.
        project: project in Weights & Biases.
    """

    def __init__(self, folder: Path, project: str) -> None:
        self.folder = folder
        self.project = project
        self._run: Any = None

    def __call__(self, module: TrainingModule) -> None:
        """Send the last epoch."""
        if self._run is None:
            self._run = self._start(module)
        row = {k: v for k, v in module.history[-1].items() if v is not None}
        self._run.log({"trainer/global_step": row.pop("step"), **row})
        if module.finished or module.stopping:
            self._run.finish()

    def _start(self, module: TrainingModule) -> Any:
        import wandb

        identity = self.folder / "wandb.id"
        if not identity.exists():
            identity.write_text(uuid.uuid4().hex[:12], encoding="utf-8")
        run = wandb.init(
            name=self.folder.name,
            project=self.project,
            dir=self.folder,
            id=identity.read_text(encoding="utf-8"),
            resume="allow",
            config=module.settings.model_dump(mode="json"),
        )
        run.define_metric("trainer/global_step")
        run.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        return run
