"""The manifest of a finished stage: written last, so that a stage with a manifest is whole.

It holds its digest, the digest of each output and the name of its stage, which reveal damage and
files of another round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ipip.errors import IpipError
from ipip.records.folder_format import FORMAT, MANIFEST
from ipip.records.run_folder import RunFolder
from ipip.storage.atomic import write_text
from ipip.storage.digest import file_digest, json_digest
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text


class OutputFile(BaseModel):
    """A file that a stage wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    digest: str


class Manifest(BaseModel):
    """The inputs, outputs and times of a stage.

    Attributes:
        stage: name within the run, ``round_001/15_harvest``.
        key: digest of settings, code and inputs; the stage is done only for this key.
        settings: the part of the settings that the stage depends on.
        code: version of the code, as far as results depend on it.
        inputs: digest of the outputs of each stage that it read, by stage name.
        outputs: files by path relative to the stage's folder.
        results: figures that later stages, the summary and the report read, as the stage's record
            (`ipip.records.stage_record`) returns them; without times.
        teacher_calls: evaluations of the teacher, its MD included.
        times: measured times (s, or as named); they differ between otherwise equal runs.
        seeds: the random seeds used, by task.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: Literal[3] = FORMAT
    stage: str
    key: str
    settings: dict[str, Any]
    inputs: dict[str, str]
    outputs: dict[str, OutputFile]
    results: dict[str, Any]
    teacher_calls: int
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
        return json_digest({"files": files, "results": self.results})


def describe_outputs(folder: Path, paths: Iterable[Path]) -> dict[str, OutputFile]:
    """Return size and digest of files under `folder`, by relative path."""
    return {
        path.relative_to(folder).as_posix(): OutputFile(
            bytes=path.stat().st_size, digest=file_digest(path)
        )
        for path in sorted(paths)
    }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the stage in `folder` (atomically)."""
    write_text(folder / MANIFEST, sealed_text(manifest.model_dump(), indent=2) + "\n")


def is_finished(folder: Path) -> bool:
    """Return whether the stage in `folder` has a manifest, valid or not."""
    return (folder / MANIFEST).exists()


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of the stage in `folder`, or None if the stage is not finished.

    Raises:
        UnreadableManifestError: the file exists but is damaged, names another stage, or is not
            a manifest of this version.
    """
    path = folder / MANIFEST
    expected = f"{folder.parent.name}/{folder.name}"
    try:
        manifest = Manifest.model_validate(read_sealed(path))
    except FileNotFoundError:
        return None
    except DamagedError as error:
        raise UnreadableManifestError(path, str(error).removeprefix(f"{path} ")) from None
    except (ValidationError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableManifestError(
            path, f"is not a manifest that this version reads ({reason})"
        ) from None
    if manifest.stage != expected:
        raise UnreadableManifestError(path, f"is the manifest of stage {manifest.stage}")
    return manifest


class UnreadableManifestError(IpipError):
    """A manifest that is damaged or of another stage or version.

    Attributes:
        reason: what is wrong with it, without its path.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}; `ipip run` with the run's settings sets that stage aside and "
            "computes it again"
        )
        self.reason = reason


def changed_outputs(folder: Path, manifest: Manifest, *, by_size: bool = False) -> list[str]:
    """Return the outputs that are missing or changed since the stage wrote them.

    Args:
        folder: of the stage.
        manifest: of the stage.
        by_size: compare sizes alone, for a quick look; damage may keep the size.
    """
    return [
        name for name, file in manifest.outputs.items() if _is_changed(folder / name, file, by_size)
    ]


def _is_changed(path: Path, file: OutputFile, by_size: bool) -> bool:
    try:
        if not path.is_file() or path.stat().st_size != file.bytes:
            return True
        return not by_size and file_digest(path) != file.digest
    except OSError:  # the disk may be unable to read it
        return True


@dataclasses.dataclass(frozen=True)
class Survey:
    """The manifests of a run folder.

    Attributes:
        manifests: the valid ones, by the name of the stage, in order.
        unreadable: the errors of the others, by the name of the stage.
    """

    manifests: dict[str, Manifest]
    unreadable: dict[str, UnreadableManifestError]


def survey_manifests(run: RunFolder) -> Survey:
    """Read the manifests of all finished stages of a run, whatever their state."""
    survey = Survey({}, {})
    for path in sorted(run.root.glob(f"round_[0-9]*/*/{MANIFEST}")):
        try:
            manifest = read_manifest(path.parent)
        except UnreadableManifestError as error:
            survey.unreadable[path.parent.relative_to(run.root).as_posix()] = error
            continue
        if manifest is not None:
            survey.manifests[manifest.stage] = manifest
    return survey


def read_manifests(run: RunFolder) -> dict[str, Manifest]:
    """Return the manifests of all finished stages of a run by name, in order.

    Raises:
        UnreadableManifestError: one of them is damaged or of another stage or version.
    """
    survey = survey_manifests(run)
    for error in survey.unreadable.values():
        raise error
    return survey.manifests
