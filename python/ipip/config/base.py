"""The strict base of every settings class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from ipip.errors import SettingsError

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

REMEDY = "remedy"  # key of a field's schema: what to do if the field is missing


class _SaysWhatIsWrong(ModelMetaclass):
    """Makes ``SomeSettings(key=value)`` raise a SettingsError that names the key."""

    def __call__(cls, *arguments: Any, **values: Any) -> Any:  # noqa: N805  a metaclass
        try:
            return super().__call__(*arguments, **values)
        except ValidationError as error:
            from ipip.config.load import describe_problems  # which imports this module

            schema = cast(type[BaseModel], cls)
            raise SettingsError(describe_problems(error, schema, schema.__name__)) from None


class Settings(BaseModel, metaclass=_SaysWhatIsWrong):
    """Immutable settings: unknown keys are refused, every field states its unit.

    `SomeSettings(key=value)` reports wrong values as a SettingsError that names the key, as for a
    file; `SomeSettings.model_validate` is pydantic's and raises a ValidationError.

    Attributes:
        template_verb: the command that writes a commented file of these settings, if there is one.
    """

    template_verb: ClassVar[str | None] = None
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
