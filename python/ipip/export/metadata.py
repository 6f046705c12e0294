"""The JSON block inside a model file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ase.data import atomic_numbers
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ipip.errors import InputError
from ipip.export.printable import printable
from ipip.export.strict_json import parse_json

FORMAT = "ipip-student"
"""The value of `format` in model files."""
FORMAT_VERSION = 2
"""Version of model files written by this ipip, which also reads older ones."""
WIDEST_EXCHANGE = 1_000_000

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Units(BaseModel):
    """Units of everything that crosses the model's interface."""

    model_config = ConfigDict(extra="forbid", strict=True)

    energy: Literal["eV"] = "eV"
    length: Literal["angstrom"] = "angstrom"


class Metadata(BaseModel):
    """The metadata of the student in a model file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["ipip-student"] = "ipip-student"
    format_version: Literal[1, 2] = 2
    architecture: str = Field(min_length=1, max_length=60)
    arguments: dict[str, Any]
    symbols: list[str] = Field(min_length=1, description="elements in type order")
    cutoff: float = Field(gt=0, le=50, description="Å")
    layers: int = Field(ge=1, le=1000)
    halo_widths: list[int] = Field(description="scalars an atom sends in each exchange")
    dtype: Literal["float32", "float64"]
    units: Units = Units()
    reference_energies: dict[str, float] = Field(description="eV, energy of a free atom")
    n_heads: int = Field(ge=1, le=10_000)
    weights_digest: Digest
    code_digest: Digest | None = Field(None, description="of the TorchScript; null in version 1")
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
        if len(self.halo_widths) != self.layers - 1 or any(
            not 1 <= width <= WIDEST_EXCHANGE for width in self.halo_widths
        ):
            raise ValueError(
                f"halo_widths {self.halo_widths} do not fit {self.layers} layers "
                "(one positive width between each two layers)"
            )
        if (self.code_digest is None) != (self.format_version == 1):
            raise ValueError(
                f"code_digest is {self.code_digest} in format version {self.format_version}"
            )
        return self

    def to_json(self) -> str:
        """Return the block as text."""
        without = {"code_digest"} if self.format_version == 1 else None
        return self.model_dump_json(indent=1, exclude=without)

    @classmethod
    def from_json(cls, text: str, source: str) -> Metadata:
        """Read the block; `source` names the file in messages.

        Raises:
            InputError: a field is missing, unknown or wrong.
        """
        try:
            block = parse_json(text)
        except ValueError as error:
            raise InputError(
                f"{source}: its metadata cannot be read ({printable(str(error))}); export the "
                "student again"
            ) from None
        stated = block.get("format") if isinstance(block, dict) else None
        if stated != FORMAT:
            raise InputError(
                f"{source}: format is {str(repr(stated))[:60]}, expected {FORMAT!r}; give a file "
                "written by `ipip export` or `ipip train`"
            )
        version = block.get("format_version")
        if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
            raise InputError(
                f"{source}: format version is {str(version)[:60]}, this ipip reads 1 to "
                f"{FORMAT_VERSION}; "
                "export the student again with this version, or install the one that wrote it"
            )
        try:
            return cls.model_validate(block)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "metadata"
            what = printable(f"{field[:60]}: {first['msg'][:300]}")
            raise InputError(f"{source}: {what}; export the student again") from None
