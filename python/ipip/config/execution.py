"""Settings of the execution: where each kind of work of a run is done."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from ipip.config.base import Settings

Work = Literal[
    "teacher_md",
    "teacher_labels",
    "reference_labels",
    "student_md",
    "training",
    "evaluation",
    "stability",
    "arms",
]
"""Kinds of work that may be done elsewhere."""

Scheduler = Literal["slurm", "pbs", "lsf", "kubernetes", "local"]
WORKS: tuple[Work, ...] = get_args(Work)
_WALLTIME = re.compile(r"\d{1,4}:[0-5]\d:[0-5]\d")


class ClusterResource(Settings):
    """A part of a cluster: what one job (a block) of it asks for, and how many there may be."""

    scheduler: Scheduler = Field(
        "slurm", description="who starts the blocks; local: processes of the driver's machine"
    )
    queue: str | None = Field(
        None, description="partition (Slurm) or queue (PBS, LSF); null: the site's default"
    )
    account: str | None = Field(None, description="account or project that the jobs are charged to")
    walltime: str = Field("01:00:00", description="HH:MM:SS; longest life of a block")
    nodes: int = Field(1, ge=1, description="nodes of a block")
    cores: int = Field(1, ge=1, description="cores of each node")
    gpus: int = Field(0, ge=0, description="GPUs of each node")
    memory_gb: int | None = Field(
        None, ge=1, description="GB; memory of each node; null: the site's default"
    )
    options: list[str] = Field(
        default_factory=list,
        description="further lines of the job script, such as '#SBATCH --constraint=a100'",
    )
    select: str = Field(
        "", description="pbs: further parts of the select statement, such as 'ngpus=4'"
    )
    environment: list[str] = Field(
        default_factory=list,
        description="shell lines before the work, such as 'source /proj/ipip/bin/activate'",
    )
    launcher: str = Field(
        "",
        description="command before a training, such as 'torchrun --no-python --nproc-per-node 4';"
        " for student MD and stability runs: the command that starts MPI ranks, over which a"
        " bundle of runs is spread. Only one task runs in a block then",
    )
    tasks_per_node: int | None = Field(
        None,
        ge=1,
        description="tasks of a node at a time; null: tasks_per_gpu for each GPU, or one a core",
    )
    tasks_per_gpu: int = Field(
        1,
        ge=1,
        description="tasks that share a GPU; several LAMMPS runs of small boxes fill one",
    )
    least_blocks: int = Field(0, ge=0, description="blocks that are kept while the driver lives")
    most_blocks: int = Field(1, ge=1, description="blocks at a time at most")
    image: str | None = Field(None, description="kubernetes: container image with ipip")
    namespace: str = Field("default", description="kubernetes: namespace of the pods")
    volumes: dict[str, str] = Field(
        default_factory=dict,
        description="kubernetes: volume claims by name and where each is mounted",
    )

    @field_validator("walltime")
    @classmethod
    def _is_a_time(cls, value: str) -> str:
        if not _WALLTIME.fullmatch(value) or not value.strip("0:"):
            raise ValueError(f"walltime is {value!r}; expected HH:MM:SS above 0, in quotes")
        return value

    @model_validator(mode="after")
    def _fits_the_scheduler(self) -> ClusterResource:
        if self.least_blocks > self.most_blocks:
            raise ValueError(
                f"least_blocks is {self.least_blocks} and most_blocks {self.most_blocks}; expected"
                " least_blocks no larger"
            )
        if self.scheduler == "kubernetes" and self.image is None:
            raise ValueError("scheduler kubernetes needs image, a container image with ipip")
        if self.scheduler != "pbs" and self.select:
            raise ValueError(f"select is for scheduler pbs; the scheduler is {self.scheduler}")
        if self.scheduler in ("kubernetes", "local") and self.nodes > 1:
            raise ValueError(
                f"nodes is {self.nodes} with scheduler {self.scheduler}; expected 1, and more"
                " blocks (most_blocks) instead"
            )
        if self.tasks_per_gpu > 1 and not self.gpus:
            raise ValueError(
                f"tasks_per_gpu is {self.tasks_per_gpu}, but gpus is 0; expected gpus, the GPUs of"
                " each node, or tasks_per_node instead"
            )
        if self.launcher and (self.tasks_per_node or 1) > 1:
            raise ValueError(
                f"launcher is {self.launcher!r} and tasks_per_node {self.tasks_per_node}; a"
                " launcher's task has the block for itself: expected tasks_per_node: null"
            )
        return self

    @property
    def slots(self) -> int:
        """Tasks that run on a node at a time."""
        if self.launcher:
            return 1
        if self.tasks_per_node is not None:
            return self.tasks_per_node
        return self.gpus * self.tasks_per_gpu if self.gpus else self.cores

    @property
    def walltime_s(self) -> int:
        """Longest life of a block in s."""
        hours, minutes, seconds = (int(part) for part in self.walltime.split(":"))
        return 3600 * hours + 60 * minutes + seconds


class ExecutionSettings(Settings):
    """Where work is done; has no influence on results."""

    kind: Literal["local", "parsl"] = Field(
        "local",
        description="local: all work on the driver's machine; parsl: on resources of a cluster",
    )
    resources: dict[str, ClusterResource] = Field(
        default_factory=dict, description="parts of the cluster by a name of your choice"
    )
    work: dict[str, str] = Field(
        default_factory=dict,
        description=f"which resource does which work ({', '.join(WORKS)}); what is not named is"
        " done by the driver",
    )
    scratch: Path | None = Field(
        None,
        description="folder for task files and logs that the driver and all nodes see; null:"
        " execution/ in the run folder, which they must all see anyway",
    )
    bundle_s: float = Field(
        600.0, ge=0, description="s; small tasks are put together until they take about this long"
    )
    retries: int = Field(
        3, ge=0, description="times that a task that failed or was lost is tried again"
    )
    continuations: int = Field(
        100,
        ge=0,
        description="times that a task that its block's walltime stopped is continued elsewhere",
    )
    lease_s: float = Field(
        60.0,
        ge=2,
        description="s without a sign of life after which a task counts as lost; a task renews its"
        " sign ten times as often",
    )
    scheduler_patience_s: float = Field(
        1800.0, ge=0, description="s that the scheduler may refuse blocks before the run ends"
    )
    poll_s: float = Field(30.0, ge=0.5, description="s between two looks at the scheduler's queue")
    address: str | None = Field(
        None, description="host name or address of the driver that nodes reach; null: found out"
    )

    @field_validator("resources")
    @classmethod
    def _has_plain_names(cls, value: dict[str, ClusterResource]) -> dict[str, ClusterResource]:
        for name in value:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
                raise ValueError(f"{name!r} is no name; expected letters, digits, _ and -")
        return value

    @model_validator(mode="after")
    def _names_what_exists(self) -> ExecutionSettings:
        if self.kind == "local":
            if self.resources or self.work:
                raise ValueError(
                    "kind is local, which uses no resources; expected kind: parsl, or neither"
                    " resources nor work"
                )
            return self
        for work, resource in self.work.items():
            if work not in WORKS:
                raise ValueError(f"work names {work!r}; expected one of {', '.join(WORKS)}")
            if resource not in self.resources:
                close = difflib.get_close_matches(resource, self.resources, n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                known = ", ".join(self.resources) or "none"
                raise ValueError(
                    f"work.{work} names the resource {resource!r}{hint}; the resources are {known}"
                )
        unused = [name for name in self.resources if name not in self.work.values()]
        if unused:
            raise ValueError(
                f"no work uses the resource {', '.join(unused)}; name it in work, or remove it"
            )
        if not self.work:
            raise ValueError("kind is parsl and work names nothing; expected at least one work")
        return self

    def resource_of(self, work: Work) -> ClusterResource | None:
        """Return what does a kind of work; None: the driver."""
        return self.resources[self.work[work]] if work in self.work else None
