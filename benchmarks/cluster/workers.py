"""A model of many workers: one driver hands out tasks, each of which costs a worker its start."""

from __future__ import annotations


def least_task_s(driver_s: float, workers: int) -> float:
    """Return how long tasks have to take so that a driver keeps its workers busy, in s.

    Args:
        driver_s: s of the driver's time for a task.
        workers: that wait for it.
    """
    return driver_s * workers


def efficiency(task_s: float, start_s: float, driver_s: float, workers: int) -> float:
    """Return the part of the workers' time that is work.

    A worker is busy for start and work of a task; the driver gives no more than one task in
    `driver_s`, and the workers share what it gives.

    Args:
        task_s: s of work in a task.
        start_s: s that starting a task costs its worker.
        driver_s: s of the driver's time for a task.
        workers: that wait for it.
    """
    own = task_s + start_s
    return task_s / max(own, least_task_s(driver_s, workers))
