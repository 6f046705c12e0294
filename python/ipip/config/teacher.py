"""Settings of the teacher: the potential that explores and labels, and where it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from ipip.config.base import Settings
from ipip.config.cp2k import Cp2kSettings
from ipip.config.influence import NO_INFLUENCE
from ipip.config.yaml_text import plain_words
from ipip.teacher_program.kinds import IN_BATCHES, KINDS

if TYPE_CHECKING:
    KindName = str
else:
    KindName = Literal[tuple(KINDS)]

_DEFAULTS = ", ".join(f"{k.name}: {k.default_model}" for k in KINDS.values() if k.default_model)
_NEEDY = ", ".join(kind.name for kind in KINDS.values() if kind.needs_model)


class TeacherSettings(Settings):
    """A calculator that runs in worker processes of this or another environment.

    Teachers are foundation potentials; reference levels (`ipip label`, active learning) are
    chosen by the same keys.
    """

    kind: KindName = Field(
        "sevennet",
        description="package of the calculator; 'ase' is any ASE calculator by import path",
    )
    model: str | None = Field(
        None,
        description="name of a model of the package, or a file; null: the package's default"
        f" ({_DEFAULTS}); {_NEEDY} needs one",
    )
    modal: str | None = Field(
        None, description="modality (level of theory) of a multi-modal model, such as PBE"
    )
    import_path: str | None = Field(
        None, description="kind ase: calculator as 'package.module:Class'"
    )
    import_folder: Path | None = Field(
        None, description="kind ase: folder to put first on the worker's module search path"
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict,
        description="keyword arguments of the calculator (plain values); added to the ones above",
    )
    cp2k: Cp2kSettings | None = Field(None, description="kind cp2k: the level of theory")
    interpreter: Path | None = Field(
        None,
        description="python executable of the environment with the teacher's package;"
        " null: the one that runs ipip",
        json_schema_extra=NO_INFLUENCE,
    )
    device: str = Field("cpu", description="torch device of the teacher: cpu, cuda or cuda:N")
    threads: int = Field(1, ge=1, description="threads of each worker process")
    workers: int = Field(
        1,
        ge=1,
        description="worker processes at a time",
        json_schema_extra=NO_INFLUENCE,
    )
    batch: int | None = Field(
        None,
        ge=1,
        description=f"frames that {', '.join(IN_BATCHES[:-1])} and {IN_BATCHES[-1]} label in one"
        " evaluation; null: 1 on a CPU, 16 on a GPU",
        json_schema_extra=NO_INFLUENCE,
    )
    start_timeout: float = Field(
        600.0,
        gt=0,
        description="s; longest time to load the teacher",
        json_schema_extra=NO_INFLUENCE,
    )
    call_timeout: float = Field(
        3600.0,
        gt=0,
        description="s; longest time without an answer from a busy worker",
        json_schema_extra=NO_INFLUENCE,
    )

    @field_validator("arguments")
    @classmethod
    def _says_what_it_means(cls, value: dict[str, Any]) -> dict[str, Any]:
        for at, word in plain_words(value, "arguments"):
            raise ValueError(
                f"{at} is {word}; write true or false if that is meant, or put it in quotes"
            )
        return value

    @field_validator("import_path")
    @classmethod
    def _has_module_and_class(cls, value: str | None) -> str | None:
        if value is not None:
            module, separator, name = value.partition(":")
            if not (separator and name.isidentifier() and all(module.split("."))):
                raise ValueError(
                    f"import_path is {value!r}; expected 'package.module:Class', "
                    "such as 'ase.calculators.emt:EMT'"
                )
        return value

    @model_validator(mode="after")
    def _fits_the_kind(self) -> "TeacherSettings":
        for name in sorted({name for kind in KINDS.values() for name in kind.own_settings}):
            readers = [kind.name for kind in KINDS.values() if name in kind.own_settings]
            if self.kind not in readers and getattr(self, name) is not None:
                raise ValueError(
                    f"{name} is for kind {' or '.join(map(repr, readers))} only; the kind is"
                    f" {self.kind!r}"
                )
        problem = KINDS[self.kind].problem(self)
        if problem is not None:
            raise ValueError(problem)
        return self

    @property
    def batch_size(self) -> int:
        """Frames in one evaluation."""
        if self.batch is not None:
            return self.batch
        return 1 if self.device == "cpu" else 16
