"""The manifest of a finished stage: written last, so that a stage with a manifest is whole."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ipip.errors import IpipError
from ipip.loop.digest import digest_json
from ipip.loop.folder import RunFolder
from ipip.loop.storage import read_json, write_json

FILE_NAME = "manifest.json"


class OutputFile(BaseModel):
    """A file that a stage made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    digest: str


class Manifest(BaseModel):
    """What a stage was given, what it made, and how long it took.

    Attributes:
        stage: name within the run, ``round_001/15_harvest``.
        key: digest of settings, code and inputs; the stage is done only for this key.
        settings: the part of the settings that the stage depends on.
        code: version of what computed it, as far as results depend on it.
        inputs: digest of the outputs of each stage it read, by stage name.
        outputs: files by path relative to the stage's folder.
        results: figures and small lists that later stages, the summary and the report read; no
            times in it.
        times: measured times (s, or as named); they differ between runs that are equal otherwise.
        seeds: the random seeds used, by task.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[1] = 1
    stage: str
    key: str
    settings: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[str, OutputFile]
    results: dict[str, Any]
    times: dict[str, float]
    seeds: dict[str, int]
    versions: dict[str, str]
    code: str = ""
    started: str
    finished: str
    wall_s: float

    @property
    def outputs_digest(self) -> str:
        """Digest of everything that later stages can read."""
        files = {name: file.digest for name, file in self.outputs.items()}
        return digest_json({"files": files, "results": self.results})


def describe_outputs(folder: Path, paths: Iterable[Path]) -> dict[str, OutputFile]:
    """Return size and digest of files under `folder`, by relative path."""
    from ipip.data.digest import file_digest  # here: reading must not wait for PyTorch

    return {
        path.relative_to(folder).as_posix(): OutputFile(
            bytes=path.stat().st_size, digest=file_digest(path)
        )
        for path in sorted(paths)
    }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the stage in `folder` (atomically)."""
    write_json(folder / FILE_NAME, manifest.model_dump())


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the stage in `folder`, or None where the stage is not finished.

    Raises:
        IpipError: the file is there but is not a manifest of this version.
    """
    path = folder / FILE_NAME
    try:
        return Manifest.model_validate(read_json(path))
    except FileNotFoundError:
        return None
    except (ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise IpipError(
            f"{path}: is not a manifest that this version reads ({reason}); remove {folder} to "
            "compute that stage again, or use another folder with --dir"
        ) from None


def missing_outputs(folder: Path, manifest: Manifest) -> list[str]:
    """Return the outputs that are gone or have another size than the manifest says."""
    gone = []
    for name, file in manifest.outputs.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != file.bytes:
            gone.append(name)
    return gone


def read_manifests(run: RunFolder) -> dict[str, Manifest]:
    """Return the manifests of all finished stages of a run by name, in order."""
    found = {}
    for path in sorted(run.root.glob(f"round_[0-9]*/*/{FILE_NAME}")):
        manifest = read_manifest(path.parent)
        if manifest is not None:
            found[manifest.stage] = manifest
    return found
