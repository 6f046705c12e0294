"""Start of a teacher's process: set up the pipes, redirect prints to the log, serve requests.

Output of libraries goes to standard error (a log file); requests arrive on standard input, replies
go to the original standard output.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import struct
import sys
from typing import BinaryIO

PACKAGE = "ipip_worker"


def main() -> None:
    """Serve until the other side closes the pipe."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    folder = os.path.dirname(os.path.abspath(__file__))
    # Modules of this folder must not shadow a library's modules of the same name.
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != folder]
    for name in ("numpy", "ase"):
        if importlib.util.find_spec(name) is None:
            _refuse(replies, name)
            return
    _load_package(folder)
    importlib.import_module(f"{PACKAGE}.guard").guard(requests.fileno())
    serve = importlib.import_module(f"{PACKAGE}.serve").serve
    with contextlib.suppress(BrokenPipeError):
        serve(requests, replies)


def _load_package(folder: str) -> None:
    path = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location(
        PACKAGE, path, submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def _refuse(replies: BinaryIO, name: str) -> None:
    """Reply that a package is missing, without messages.py, which needs numpy."""
    refusal = {"reply": "refused", "cause": "package", "message": f"no module {name}"}
    text = json.dumps({**refusal, "module": name, "expected": name, "arrays": []}).encode()
    replies.write(b"IPIPTCH1" + struct.pack("<I", len(text)) + text)
    replies.flush()


if __name__ == "__main__":
    main()
