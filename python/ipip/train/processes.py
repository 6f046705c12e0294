"""The processes of one training (torchrun), from the view of each; usually there is only one."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ipip.errors import InputError, IpipError

T = TypeVar("T")


def count() -> int:
    """Return the number of processes that train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """Return the number of this process, from 0."""
    return dist.get_rank() if count() > 1 else 0


def is_first() -> bool:
    """Return whether this is the process that writes files and messages."""
    return rank() == 0


def count_here() -> int:
    """Return how many of the processes run on this machine; all processes must call it."""
    if count() == 1:
        return 1
    hosts: list[str | None] = [None] * count()
    dist.all_gather_object(hosts, socket.gethostname())
    return hosts.count(socket.gethostname())


def sum_over(values: Tensor) -> Tensor:
    """Return the sum of a tensor over all processes; the values themselves for one process."""
    if count() == 1:
        return values
    total = values.detach().clone()
    dist.all_reduce(total)
    return total


def average_over(values: Tensor) -> None:
    """Replace a tensor by its mean over all processes."""
    if count() > 1:
        dist.all_reduce(values)
        values /= count()


def broadcast_module(module: nn.Module) -> None:
    """Copy the first process's weights and buffers, frozen ones too, to the modules of all."""
    if count() > 1:
        for values in module.state_dict().values():
            dist.broadcast(values, 0)


def from_first(compute: Callable[[], T]) -> T:
    """Return the first process's result on all processes; its `IpipError` is raised on all."""
    if count() == 1:
        return compute()
    message: list[Any] = [None]
    if is_first():
        try:
            message = [("result", compute())]
        except IpipError as error:
            message = [(type(error) is InputError, str(error))]
    dist.broadcast_object_list(message)
    kind, value = message[0]
    if kind != "result":
        raise (InputError if kind else IpipError)(value)
    result: T = value
    return result


def join(accelerator: str, here: int) -> None:
    """Join the processes that torchrun started; NCCL between GPUs, else gloo.

    Args:
        accelerator: `auto`, `cpu` or `gpu`.
        here: number of processes on this machine.

    Raises:
        InputError: this machine has fewer GPUs than processes.
    """
    gpus = accelerator != "cpu" and torch.cuda.is_available()
    if gpus and here > torch.cuda.device_count():
        raise InputError(
            f"{here} processes share {torch.cuda.device_count()} GPUs; start one for each GPU "
            "(torchrun --nproc-per-node), or set training.accelerator to cpu"
        )
    dist.init_process_group("nccl" if gpus else "gloo")
    if gpus:
        torch.cuda.set_device(dist.get_node_local_rank())


def leave() -> None:
    """Leave the group of processes, if there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
