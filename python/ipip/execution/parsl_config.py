"""Parsl's configuration of the named resources: blocks, nodes and workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parsl.config import Config
from parsl.executors.high_throughput.executor import DEFAULT_LAUNCH_CMD
from parsl.launchers import MpiExecLauncher, SimpleLauncher, SrunLauncher
from parsl.launchers.base import Launcher
from parsl.providers import (
    KubernetesProvider,
    LocalProvider,
    LSFProvider,
    PBSProProvider,
    SlurmProvider,
)
from parsl.providers.base import ExecutionProvider

from ipip.bound import bound_command
from ipip.config.execution import ClusterResource, ExecutionSettings
from ipip.execution.idle_blocks import PatientExecutor

IDLE_S = 120.0  # after which a block without a task ends
SIGNAL_BEFORE_S = 30  # s before the walltime at which Slurm sends SIGTERM
_COMMAND_TIMEOUT_S = 60
_FORGOTTEN = "Invalid job id"  # squeue's word for one
_INTERCHANGE = "parsl.executors.high_throughput.interchange"
_ONE_THREAD = "export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}"
# The shells of a block stay until its workers have ended: their end would kill them.
_STAY = "trap : TERM"
OnBlocks = Callable[[Any, dict[str, Any]], None]


def make_config(settings: ExecutionSettings, folder: Path, on_blocks: OnBlocks) -> Config:
    """Return Parsl's configuration.

    Args:
        settings: with resources.
        folder: for Parsl's logs and job scripts; all nodes see it.
        on_blocks: called with an executor and the states of its blocks, again and again.
    """
    return Config(
        executors=[
            make_executor(name, resource, settings, on_blocks)
            for name, resource in settings.resources.items()
        ],
        run_dir=str(folder),
        strategy="htex_auto_scale",
        strategy_period=max(0.5, settings.poll_s / 10),
        max_idletime=IDLE_S,
        retries=0,  # ipip counts them: it knows what was stopped and what failed
    )


def make_executor(
    name: str, resource: ClusterResource, settings: ExecutionSettings, on_blocks: OnBlocks
) -> PatientExecutor:
    """Return the executor of one resource: `slots` workers a node, pinned.

    On nodes with GPUs each worker sees one GPU, which `tasks_per_gpu` workers share; on others each
    has its own cores.
    """
    slots = resource.slots
    shares_gpus = bool(resource.gpus) and not resource.launcher
    gpus = [str(slot * resource.gpus // slots) for slot in range(slots)] if shares_gpus else []
    pinned = not resource.gpus and not resource.launcher and resource.cores >= slots
    return PatientExecutor(
        label=name,
        # A session of its own: ctrl-C is for the driver, which then ends the interchange. It ends
        # with the driver, too.
        interchange_launch_cmd=["setsid", *bound_command(sys.executable, "-m", _INTERCHANGE)],
        launch_cmd=_pool_command(resource),
        provider=polled(make_provider(resource), settings.poll_s),
        address=settings.address,
        encrypted=True,  # others on the cluster's network could send tasks and results otherwise
        cores_per_worker=resource.cores / slots,
        max_workers_per_node=slots,
        available_accelerators=gpus,
        cpu_affinity="block" if pinned else "none",
        heartbeat_period=max(1, round(settings.lease_s / 4)),
        heartbeat_threshold=max(2, round(settings.lease_s)),
        block_error_handler=on_blocks,
    )


def _pool_command(resource: ClusterResource) -> str:
    """Return the command that starts a node's workers: by this environment's Python.

    Containers have a Python of their own.
    """
    if resource.scheduler == "kubernetes":
        return DEFAULT_LAUNCH_CMD
    _, _, arguments = DEFAULT_LAUNCH_CMD.partition(" ")
    return f"{_STAY}; {sys.executable} -m ipip.execution.pool {arguments}"


def polled(provider: ExecutionProvider, poll_s: float) -> ExecutionProvider:
    """Return a provider that looks at the queue every `poll_s` s; Slurm's does every minute.

    Where Slurm has forgotten a job (its record is kept for minutes only), the job is over: Parsl
    would wait for it for ever.
    """
    own: Any = type(provider)

    def execute_wait(self: Any, cmd: str, timeout: int | None = None) -> tuple[int, str, str]:
        status, said, complaint = own.execute_wait(self, cmd, timeout)
        if status != 0 and cmd.startswith("squeue") and _FORGOTTEN in complaint:
            return 0, said, complaint
        return status, said, complaint

    attributes: dict[str, Any] = {
        "status_polling_interval": property(lambda _self: poll_s),
        "execute_wait": execute_wait,
    }
    provider.__class__ = type(own.__name__, (own,), attributes)
    return provider


def make_provider(resource: ClusterResource) -> ExecutionProvider:
    """Return what submits the blocks of a resource."""
    blocks: dict[str, Any] = {
        "init_blocks": resource.least_blocks,
        "min_blocks": resource.least_blocks,
        "max_blocks": resource.most_blocks,
    }
    batch: dict[str, Any] = {
        **blocks,
        "nodes_per_block": resource.nodes,
        "walltime": resource.walltime,
        "worker_init": "\n".join([*resource.environment, _ONE_THREAD, _STAY]),
        "launcher": make_launcher(resource),
        "cmd_timeout": _COMMAND_TIMEOUT_S,
    }
    options = "\n".join(resource.options)
    match resource.scheduler:
        case "slurm":
            return SlurmProvider(
                partition=resource.queue,
                account=resource.account,
                cores_per_node=resource.cores,
                mem_per_node=resource.memory_gb,
                gpus_per_node=resource.gpus or None,
                exclusive=False,
                scheduler_options="\n".join([*resource.options, *_early_signal(resource)]),
                **batch,
            )
        case "pbs":
            memory = f"mem={resource.memory_gb}gb" if resource.memory_gb else ""
            gpus = f"ngpus={resource.gpus}" if resource.gpus else ""
            return PBSProProvider(
                queue=resource.queue,
                account=resource.account,
                cpus_per_node=resource.cores,
                select_options=":".join(part for part in (gpus, memory, resource.select) if part),
                scheduler_options=options,
                **batch,
            )
        case "lsf":
            gpus = f'#BSUB -gpu "num={resource.gpus}"' if resource.gpus else ""
            memory = f"#BSUB -M {resource.memory_gb}GB" if resource.memory_gb else ""
            return LSFProvider(
                queue=resource.queue,
                project=resource.account,
                cores_per_node=resource.cores,
                cores_per_block=resource.cores * resource.nodes,
                request_by_nodes=False,
                scheduler_options="\n".join(part for part in (options, gpus, memory) if part),
                **batch,
            )
        case "kubernetes":
            memory = f"{resource.memory_gb or 4}Gi"
            limits = {"nvidia.com/gpu": str(resource.gpus)} if resource.gpus else None
            return KubernetesProvider(
                image=resource.image or "",
                namespace=resource.namespace,
                init_cpu=resource.cores,
                max_cpu=resource.cores,
                init_mem=memory,
                max_mem=memory,
                extra_requests=limits,
                extra_limits=limits,
                worker_init="\n".join([*resource.environment, _ONE_THREAD]),
                persistent_volumes=list(resource.volumes.items()),
                user_id=str(os.getuid()),
                group_id=str(os.getgid()),
                **blocks,
            )
    return LocalProvider(
        nodes_per_block=1,
        worker_init="\n".join([*resource.environment, _ONE_THREAD]),
        launcher=SimpleLauncher(),
        **blocks,
    )


def make_launcher(resource: ClusterResource) -> Launcher:
    """Return what starts the pool of workers on each node of a block.

    A task with a launcher has the block for itself: one pool then runs on the block's first node,
    and the launcher reaches the others.
    """
    if resource.launcher:
        return SimpleLauncher()
    if resource.scheduler == "slurm":
        # srun gives its step one core otherwise, since Slurm 22.05. Without --overlap a task's own
        # srun (CP2K over ranks) would wait for ever for the cores that this step holds.
        return SrunLauncher(overrides=f"--overlap --cpus-per-task={resource.cores}")
    return MpiExecLauncher() if resource.nodes > 1 else SimpleLauncher()


def _early_signal(resource: ClusterResource) -> list[str]:
    """Ask Slurm for SIGTERM before the walltime: training and teacher store their state."""
    given = any("--signal" in option for option in resource.options)
    long = resource.walltime_s > 4 * SIGNAL_BEFORE_S
    return [f"#SBATCH --signal=TERM@{SIGNAL_BEFORE_S}"] if long and not given else []
