"""Where work is done: tasks as files, and what runs them here or on a cluster."""

from ipip.lazy import lazy_names

__all__ = [
    "Executor",
    "LocalExecutor",
    "Outcome",
    "Task",
    "driver_script",
    "list_tasks",
    "open_executor",
    "perform_file",
    "submit_driver",
    "write_task",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Executor": "ipip.execution.executor",
        "LocalExecutor": "ipip.execution.executor",
        "Outcome": "ipip.execution.task",
        "Task": "ipip.execution.task",
        "driver_script": "ipip.execution.submit",
        "list_tasks": "ipip.execution.listing",
        "open_executor": "ipip.execution.executor",
        "perform_file": "ipip.execution.perform",
        "submit_driver": "ipip.execution.submit",
        "write_task": "ipip.execution.task",
    },
)
