"""Settings of one of several classes, told apart by a key."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BaseModel, Discriminator, Tag


def one_of(
    settings: Iterable[type[BaseModel]],
    class_of: Callable[[Any], str],
    key: str,
    names: Iterable[str],
) -> Any:
    """Return the type of settings that any of several classes reads.

    Args:
        settings: the classes.
        class_of: name of the class that reads given values.
        key: by which they are distinguished, for the message.
        names: its values, for the message.
    """
    return Annotated[
        functools.reduce(operator.or_, (Annotated[one, Tag(one.__name__)] for one in settings)),
        Discriminator(
            class_of,
            custom_error_type=key,
            custom_error_message=f"{key} is unknown; choose one of {', '.join(names)}",
        ),
    ]
