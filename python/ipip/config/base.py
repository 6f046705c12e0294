"""The strict base of every settings class."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Immutable settings: unknown keys are refused, every field states its unit."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
