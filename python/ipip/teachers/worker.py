"""The process a teacher runs in: answers requests over pipes with energies, forces and MD frames.

This file is run by its path with the interpreter of the teacher's own environment. It needs only
the standard library, numpy, ase and the teacher's package, and never imports ipip. What libraries
print goes to standard error (a log file); requests arrive on standard input, answers leave on what
was standard output.

A message is MAGIC, the length of a JSON header (little-endian uint32), the header, and then the
float64 arrays that the header's "arrays" lists as [name, shape]. Units: eV, Å, eV/Å, eV/Å^3, fs, K.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import math
import os
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

try:
    import numpy as np
except ImportError:  # told to the caller by main(), in the protocol
    np = None  # type: ignore[assignment]

MAGIC = b"IPIPTCH1"
PACKAGES = {"sevennet": "sevenn", "chgnet": "chgnet", "mace": "mace"}
DEFAULT_MODELS = {"sevennet": "7net-0", "chgnet": "0.3.0"}


class RefusedError(Exception):
    """A request that cannot be served; cause is one of 'package', 'model', 'frame'."""

    def __init__(self, cause: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.cause = cause
        self.details = details


# --- messages -------------------------------------------------------------------------------------


def pack(header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> bytes:
    """Return the bytes of one message; arrays are stored as little-endian float64."""
    stored = {k: np.ascontiguousarray(v, dtype="<f8") for k, v in (arrays or {}).items()}
    listing = [[name, list(array.shape)] for name, array in stored.items()]
    text = json.dumps({**header, "arrays": listing}).encode()
    parts = [MAGIC, struct.pack("<I", len(text)), text]
    return b"".join([*parts, *(array.tobytes() for array in stored.values())])


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read one message; ``read(n)`` returns exactly n bytes or raises EOFError."""
    start = read(len(MAGIC) + 4)
    if start[: len(MAGIC)] != MAGIC:
        raise ValueError(f"not a message: it starts with {start!r}")
    header = json.loads(read(struct.unpack("<I", start[len(MAGIC) :])[0]))
    arrays = {}
    for name, shape in header.pop("arrays"):
        raw = read(8 * math.prod(shape))
        arrays[name] = np.frombuffer(raw, dtype="<f8").astype(np.float64).reshape(shape)
    return header, arrays


def _exactly(stream: BinaryIO) -> Callable[[int], bytes]:
    def read(count: int) -> bytes:
        data = stream.read(count)
        if len(data) < count:
            raise EOFError
        return data

    return read


# --- opening a teacher ----------------------------------------------------------------------------


def open_calculator(spec: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Make the ASE calculator that the specification names; return it and what identifies it."""
    kind, arguments = spec["kind"], dict(spec["arguments"])
    if kind == "ase":
        return _calculator_by_path(spec, arguments)
    model = str(spec["model"] or DEFAULT_MODELS.get(kind))
    package = PACKAGES[kind]
    if importlib.util.find_spec(package) is None:
        missing = f"no module named {package!r}"
        raise RefusedError("package", missing, module=package, expected=package)
    maker = {"sevennet": _sevennet, "chgnet": _chgnet, "mace": _mace}[kind]
    try:
        importlib.import_module("torch").set_num_threads(spec["threads"])
        calculator = maker(model, spec, arguments)
    except ModuleNotFoundError as error:
        raise RefusedError("package", str(error), module=error.name, expected=package) from error
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        raise RefusedError(
            "model", f"model {model!r} cannot be loaded by {kind}: {text}"
        ) from error
    return calculator, {"model": model, "weights_digest": weights_digest(calculator)}


def _sevennet(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    from sevenn.calculator import SevenNetCalculator

    return SevenNetCalculator(model=model, device=spec["device"], modal=spec["modal"], **arguments)


def _chgnet(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    known_file = os.path.exists(model)
    network = CHGNet.from_file(model) if known_file else CHGNet.load(model_name=model)
    return CHGNetCalculator(model=network, use_device=spec["device"], **arguments)


def _mace(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    # e3nn 0.4.4 loads its constants by a pickle that newer torch refuses by default.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    from mace.calculators import MACECalculator, mace_mp

    if os.path.exists(model):
        return MACECalculator(model_paths=model, device=spec["device"], **arguments)
    return mace_mp(model=model, device=spec["device"], **arguments)


def _calculator_by_path(
    spec: Mapping[str, Any], arguments: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    if spec["import_folder"]:
        sys.path.insert(0, spec["import_folder"])
    path = spec["import_path"]
    module, _, name = path.partition(":")
    try:
        factory = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise RefusedError("package", str(error), module=error.name, expected=module) from error
    except AttributeError as error:
        raise RefusedError("model", f"module {module!r} has no class {name!r}") from error
    try:
        calculator = factory(**arguments)
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        raise RefusedError("model", f"{path} with arguments {arguments} raised {text}") from error
    if not hasattr(calculator, "get_potential_energy"):
        raise RefusedError("model", f"{path} is not an ASE calculator (no get_potential_energy)")
    return calculator, {"model": path, "weights_digest": weights_digest(calculator)}


def weights_digest(calculator: Any) -> str | None:
    """Return a digest of the weights of the calculator's torch modules, or None if it has none."""
    models = getattr(calculator, "models", None) or [getattr(calculator, "model", None)]
    digest = hashlib.sha256()
    found = False
    for model in models:
        if not hasattr(model, "state_dict"):
            continue
        for name, value in sorted(model.state_dict().items()):
            if hasattr(value, "detach"):
                found = True
                digest.update(name.encode())
                digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return f"sha256:{digest.hexdigest()}" if found else None


def versions(kind: str) -> dict[str, str]:
    """Return the versions of the packages that decide a label."""
    from importlib import metadata

    found = {"python": sys.version.split()[0]}
    names = ["ase", "numpy"] + (["torch", PACKAGES[kind]] if kind in PACKAGES else [])
    for name in names:
        distribution = "mace-torch" if name == "mace" else name
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[distribution] = metadata.version(distribution)
    return found


# --- labels ---------------------------------------------------------------------------------------


def make_atoms(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Any:
    """Return the ASE structure of a request: numbers and pbc in the header, the rest in arrays."""
    from ase import Atoms

    return Atoms(
        numbers=header["numbers"],
        positions=arrays["positions"],
        cell=arrays["cell"],
        pbc=header["pbc"],
    )


def labels(atoms: Any) -> dict[str, Any]:
    """Return energy [], forces [n, 3] and, for a periodic cell where known, stress [3, 3]."""
    found = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
    if all(atoms.pbc):
        with contextlib.suppress(NotImplementedError):
            found["stress"] = atoms.get_stress(voigt=False)
    return found


# --- dynamics -------------------------------------------------------------------------------------


def trouble(atoms: Any, limits: Mapping[str, float], check_temperature: bool = True) -> str | None:
    """Return why the teacher's own run has failed at this step, or None."""
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        return "energy or forces are not finite"
    largest = float(np.sqrt((forces**2).sum(axis=1).max()))
    if largest > limits["max_force"]:
        return f"largest force {largest:.4g} eV/Å is above {limits['max_force']:.4g}"
    temperature = float(atoms.get_temperature())
    if check_temperature and not temperature <= limits["max_temperature"]:
        return f"temperature {temperature:.5g} K is above {limits['max_temperature']:.5g}"
    return None


def relax(atoms: Any, spec: Mapping[str, Any]) -> str | None:
    """Relax positions by FIRE as the settings say; return why that failed, or None."""
    from ase.optimize import FIRE

    if spec["relax_steps"] == 0:
        return None
    unbounded = {"max_force": math.inf}  # packed boxes may start far above the bound
    for _ in FIRE(atoms, logfile=None).irun(fmax=spec["relax_fmax"], steps=spec["relax_steps"]):
        reason = trouble(atoms, unbounded, check_temperature=False)
        if reason:
            return f"relaxation: {reason}"
    return None


def integrator(atoms: Any, spec: Mapping[str, Any]) -> Any:
    """Draw velocities (Maxwell-Boltzmann, no total momentum) and return the thermostatted MD."""
    from ase import units
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

    draw = np.random.RandomState(spec["seed"])
    temperature, timestep = spec["temperature"], spec["timestep"] * units.fs
    damping = spec["damping"] * units.fs
    MaxwellBoltzmannDistribution(atoms, temperature_K=temperature, rng=draw)
    Stationary(atoms)
    if spec["thermostat"] == "langevin":
        from ase.md.langevin import Langevin

        friction = 1.0 / damping
        return Langevin(
            atoms, timestep, temperature_K=temperature, friction=friction, rng=draw, fixcm=False
        )
    try:
        from ase.md.nose_hoover_chain import NoseHooverChainNVT
    except ImportError as error:
        raise RefusedError(
            "model", "this ase has no NoseHooverChainNVT: upgrade it or use thermostat langevin"
        ) from error
    return NoseHooverChainNVT(atoms, timestep, temperature_K=temperature, tdamp=damping)


def dynamics(
    atoms: Any, spec: Mapping[str, Any], alive: Callable[[], None]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Run one trajectory; yield messages: 'frame' and 'progress' ones, then 'done'."""
    reason, step, told = relax(atoms, spec), 0, time.perf_counter()
    moving = integrator(atoms, spec)
    start = time.perf_counter()
    if reason is None:
        reason = trouble(atoms, spec, check_temperature=False)
    while reason is None and step < spec["steps"]:
        alive()
        moving.step()
        step += 1
        reason = trouble(atoms, spec)
        if reason is None and step % spec["frame_interval"] == 0:
            arrays = {"positions": atoms.positions, "cell": atoms.cell.array, **labels(atoms)}
            yield {"reply": "frame", "step": step, "temperature": atoms.get_temperature()}, arrays
        if time.perf_counter() - told > 0.5:
            told = time.perf_counter()
            yield {"reply": "progress", "step": step}, {}
    seconds = time.perf_counter() - start
    yield {"reply": "done", "step": step, "reason": reason, "seconds": seconds}, {}


# --- the process ----------------------------------------------------------------------------------


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer requests until the other side closes the pipe."""
    parent = os.getppid()
    calculator: Any = None

    def alive() -> None:
        if os.getppid() != parent:
            sys.exit("the process that asked is gone")

    def reply(header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        replies.write(pack(header, arrays))
        replies.flush()

    while True:
        try:
            header, arrays = unpack(_exactly(requests))
        except EOFError:
            return
        try:
            if header["verb"] == "open":
                start = time.perf_counter()
                calculator, identity = open_calculator(header["spec"])
                found = {"versions": versions(header["spec"]["kind"]), **identity}
                reply({"reply": "ready", "seconds": time.perf_counter() - start, **found})
                continue
            atoms = make_atoms(header, arrays)
            atoms.calc = calculator
            if header["verb"] == "label":
                start = time.perf_counter()
                if hasattr(calculator, "reset"):
                    calculator.reset()  # a frame asked for twice is computed twice
                found = labels(atoms)
                reply({"reply": "label", "seconds": time.perf_counter() - start}, found)
            else:
                for message in dynamics(atoms, header["spec"], alive):
                    reply(*message)
        except RefusedError as error:
            reply(
                {"reply": "refused", "cause": error.cause, "message": str(error), **error.details}
            )
        except Exception as error:
            traceback.print_exc()
            text = f"{type(error).__name__}: {error}"
            reply({"reply": "refused", "cause": "frame", "message": text})


def main() -> None:
    """Take the pipes for the protocol, send all prints to standard error, and serve."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.path[:] = [p for p in sys.path if p != os.path.dirname(os.path.abspath(__file__))]
    for name in ("numpy", "ase"):
        if importlib.util.find_spec(name) is None:
            text = json.dumps(
                {"reply": "refused", "cause": "package", "message": f"no module {name}",
                 "module": name, "expected": name, "arrays": []}
            ).encode()  # fmt: skip
            replies.write(MAGIC + struct.pack("<I", len(text)) + text)
            replies.flush()
            return
    with contextlib.suppress(BrokenPipeError):
        serve(requests, replies)


if __name__ == "__main__":
    main()
