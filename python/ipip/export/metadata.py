"""The JSON block inside a model file."""

from __future__ import annotations

import json
import platform
from typing import Annotated, Any, Literal

import torch
from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

import ipip
from ipip.errors import InputError
from ipip.export.digest import weights_digest
from ipip.models import Student

FORMAT = "ipip-student"
FORMAT_VERSION = 1

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Units(BaseModel):
    """Units of everything that crosses the model's interface."""

    model_config = ConfigDict(extra="forbid")

    energy: Literal["eV"] = "eV"
    length: Literal["angstrom"] = "angstrom"


class Metadata(BaseModel):
    """What a model file says about the student that it holds."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["ipip-student"] = "ipip-student"
    format_version: Literal[1] = 1
    architecture: str = Field(min_length=1)
    arguments: dict[str, Any]
    symbols: list[str] = Field(min_length=1, description="elements in type order")
    cutoff: float = Field(gt=0, le=50, description="Å")
    layers: int = Field(ge=1)
    halo_widths: list[int] = Field(description="scalars an atom sends in each exchange")
    dtype: Literal["float32", "float64"]
    units: Units = Units()
    reference_energies: dict[str, float] = Field(description="eV, energy of a free atom")
    n_heads: int = Field(ge=1)
    weights_digest: Digest
    training_digest: Digest | None = None
    versions: dict[str, str]
    citation: str
    training: dict[str, Any] = Field(default_factory=dict, description="provenance")

    @model_validator(mode="after")
    def _consistent(self) -> Metadata:
        unknown = [s for s in self.symbols if s not in atomic_numbers or s == "X"]
        if unknown or len(set(self.symbols)) != len(self.symbols):
            raise ValueError(f"symbols {self.symbols} are not distinct chemical symbols")
        if set(self.reference_energies) != set(self.symbols):
            raise ValueError(
                f"reference_energies name {sorted(self.reference_energies)}, "
                f"symbols are {sorted(self.symbols)}"
            )
        if len(self.halo_widths) != self.layers - 1 or any(w < 1 for w in self.halo_widths):
            raise ValueError(
                f"halo_widths {self.halo_widths} do not fit {self.layers} layers "
                "(one positive width between each two layers)"
            )
        return self

    def to_json(self) -> str:
        """Return the block as text."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str, source: str) -> Metadata:
        """Read the block; `source` names the file in messages.

        Raises:
            InputError: a field is missing, unknown or wrong.
        """
        try:
            block = json.loads(text)
        except json.JSONDecodeError as error:
            raise InputError(
                f"{source}: its metadata is not JSON ({error.msg}); export the student again"
            ) from None
        found = block.get("format") if isinstance(block, dict) else None
        if found != FORMAT:
            raise InputError(
                f"{source}: format is {found!r}, expected {FORMAT!r}; give a file written by "
                "`ipip export` or `ipip train`"
            )
        version = block.get("format_version")
        if version != FORMAT_VERSION:
            raise InputError(
                f"{source}: format version is {version!r}, this ipip reads {FORMAT_VERSION}; "
                "export the student again with this version, or install the one that wrote it"
            )
        try:
            return cls.model_validate(block)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "metadata"
            raise InputError(
                f"{source}: {field}: {first['msg']}; export the student again"
            ) from None


def describe(
    student: Student, *, training_digest: str | None, training: dict[str, Any] | None
) -> Metadata:
    """Collect a student's metadata."""
    energies = student.reference_energies.tolist()
    return Metadata(
        architecture=student.architecture,
        arguments=student.arguments,
        symbols=student.symbols,
        cutoff=student.cutoff,
        layers=student.layers,
        halo_widths=student.halo_widths,
        dtype=student.dtype_name,  # type: ignore[arg-type]  # checked by the student
        reference_energies=dict(zip(student.symbols, energies, strict=True)),
        n_heads=student.n_heads,
        weights_digest=weights_digest(student.state_dict()),
        training_digest=training_digest,
        versions={
            "ipip": ipip.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        citation=student.citation,
        training=training or {},
    )
