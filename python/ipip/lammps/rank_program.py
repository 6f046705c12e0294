"""The program of each MPI rank: LAMMPS runs that rank 0 distributes, each in a new process.

Run by its path as ``mpirun -n N python rank_program.py FOLDER``. It needs only mpi4py and never
imports ipip, so that a thousand ranks load no more. ``FOLDER/tasks.json`` holds for each
run its folder, the path of lmp.py, the arguments of LAMMPS and the environment; rank 0 writes
the exit status of run K to ``FOLDER/K.status``. All ranks end when standard input closes.
"""

import importlib.util
import json
import os
import sys
import threading
from concurrent.futures import as_completed
from types import ModuleType
from typing import Any


def run(task: dict[str, Any]) -> int:
    """Run LAMMPS in the folder of a task; return its exit status; see supervision.py."""
    supervision = load("supervision.py")
    parent = ["--parent", str(os.getpid())]
    command = [sys.executable, task["program"], *parent, *task["arguments"]]
    status: int = supervision.run_to_end(
        command, task["folder"], task["environment"], task["stall_s"]
    )
    return status


def load(name: str) -> ModuleType:
    """Load a file beside this one without importing its package."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    spec = importlib.util.spec_from_file_location(os.path.splitext(name)[0], path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path: str, text: str) -> None:
    """Write a file that is either complete or absent."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".part", path)


def main() -> None:
    """Serve as one of the ranks."""
    folder = sys.argv[1]
    load("../bound.py").end_with_parent()  # the launcher may be killed before it can end the ranks
    from mpi4py import MPI
    from mpi4py.futures import MPICommExecutor

    def end_with_stdin() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        MPI.COMM_WORLD.Abort(1)

    with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:
        if pool is None:  # another rank, after its last run
            return
        try:
            os.close(os.open(os.path.join(folder, "begun"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:  # an mpirun of another MPI starts several worlds of one rank
            write(os.path.join(folder, "several_worlds"), "")
            return
        threading.Thread(target=end_with_stdin, daemon=True).start()
        with open(os.path.join(folder, "tasks.json"), encoding="utf-8") as file:
            tasks = json.load(file)
        futures = {
            pool.submit(run, task): index  # type: ignore[attr-defined]
            for index, task in enumerate(tasks)
        }
        for future in as_completed(futures):
            write(os.path.join(folder, f"{futures[future]}.status"), str(future.result()))


if __name__ == "__main__":
    main()
