"""Curves of a training in Weights & Biases, for those who have it."""

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
    """Check that the package is there.

    Raises:
        InputError: it is not.
    """
    if importlib.util.find_spec("wandb") is None:
        raise InputError(
            "wandb_project is set, but the package wandb is not installed; run: "
            f"{install_command(extra='wandb')} (or leave wandb_project out)"
        )


class WandbLog:
    """Sends each epoch's row; a resumed training continues its run.

    What `wandb` itself reads (its account, `WANDB_MODE=offline`) is set outside.

    Args:
        folder: of the training; holds `wandb/`, and its name is the run's.
        project: project in Weights & Biases.
    """

    def __init__(self, folder: Path, project: str) -> None:
        self.folder = folder
        self.project = project
        self._logger: Any = None

    def __call__(self, module: TrainingModule) -> None:
        """Send the last epoch."""
        if self._logger is None:
            self._logger = self._start(module)
        row = {k: v for k, v in module.history[-1].items() if k != "step" and v is not None}
        self._logger.log_metrics(row, step=module.history[-1]["step"])
        if module.finished or module.stopping:
            self._logger.experiment.finish()

    def _start(self, module: TrainingModule) -> Any:
        from lightning.pytorch.loggers import WandbLogger

        identity = self.folder / "wandb.id"
        if not identity.exists():
            identity.write_text(uuid.uuid4().hex[:12], encoding="utf-8")
        logger = WandbLogger(
            name=self.folder.name,
            project=self.project,
            save_dir=self.folder,
            id=identity.read_text(encoding="utf-8"),
            resume="allow",
            config=module.settings.model_dump(mode="json"),
        )
        return logger
