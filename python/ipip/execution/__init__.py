"""Where work is done: tasks as files, and what runs them here or on a cluster."""

from ipip.lazy import lazy_names

__all__ = ["Executor", "LocalExecutor", "Outcome", "Task", "open_executor", "perform_file"]

__getattr__ = lazy_names(
    __name__,
    {
        "Executor": "ipip.execution.executor",
        "LocalExecutor": "ipip.execution.executor",
        "Outcome": "ipip.execution.task",
        "Task": "ipip.execution.task",
        "open_executor": "ipip.execution.executor",
        "perform_file": "ipip.execution.perform",
    },
)
