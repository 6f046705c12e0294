"""Serving requests: open a teacher, label frames, describe atoms, run dynamics."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, BinaryIO

from .dynamics import dynamics
from .kinds.kind import TeacherKind
from .labels import label_all, make_atoms
from .messages import exactly, pack, unpack
from .opening import open_teacher, versions
from .refusal import RefusedError


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Serve requests until the other side closes the pipe.

    SIGTERM ends a trajectory after the present step, with its state as the last reply.
    """
    parent = os.getppid()
    kind, calculator = TeacherKind(), None
    end_requested = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end_requested.set())

    def ending() -> bool:
        if os.getppid() != parent:
            sys.exit("the requesting process has ended")
        return end_requested.is_set()

    def reply(header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        replies.write(pack(header, arrays))
        replies.flush()

    while True:
        try:
            header, arrays = unpack(exactly(requests))
        except EOFError:
            return
        try:
            if header["verb"] == "open":
                start = time.perf_counter()
                kind, calculator, identity = open_teacher(header["spec"])
                identity["versions"] = versions(kind, calculator)
                reply({"reply": "ready", "seconds": time.perf_counter() - start, **identity})
            elif header["verb"] == "label":
                reply(*_label(kind, calculator, header, arrays))
            elif header["verb"] == "features":
                features = kind.features(calculator, make_atoms(header, arrays))
                reply({"reply": "features"}, {"features": features})
            elif header["verb"] == "embedding":
                embedding = kind.embedding(calculator, header["numbers"])
                reply({"reply": "embedding"}, {"embedding": embedding})
            else:
                atoms = make_atoms(header, arrays)
                atoms.calc = calculator
                for message in dynamics(atoms, header["spec"], arrays, ending):
                    reply(*message)
        except RefusedError as error:
            refusal = {"reply": "refused", "cause": error.cause, "message": str(error)}
            reply({**refusal, **error.details})
        except Exception as error:
            traceback.print_exc()
            text = f"{type(error).__name__}: {error}"
            reply({"reply": "refused", "cause": "frame", "message": text})


def _label(
    kind: TeacherKind, calculator: Any, header: Mapping[str, Any], arrays: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    start = time.perf_counter()
    structures = [
        make_atoms(frame, arrays, str(index)) for index, frame in enumerate(header["frames"])
    ]
    labelled, errors = label_all(kind, calculator, structures)
    named = {f"{name}{index}": v for index, one in enumerate(labelled) for name, v in one.items()}
    return {"reply": "label", "seconds": time.perf_counter() - start, "errors": errors}, named
