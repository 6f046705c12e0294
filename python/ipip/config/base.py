"""The strict base of every settings class."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

REMEDY = "remedy"  # key of a field's schema: what to do where the field is missing


class Settings(BaseModel):
    """Immutable settings: unknown keys are refused, every field states its unit.

    Attributes:
        template_verb: the command that writes a commented file of these settings, where one does.
    """

    template_verb: ClassVar[str | None] = None
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
