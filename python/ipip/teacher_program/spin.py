"""Charge and multiplicity of a structure, checked before a program receives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Their 4f (5f) electrons may be in the core, so atomic numbers do not fix the parity.
_F_ELEMENTS = (*range(57, 72), *range(89, 104))


def checked_spin(structure: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return charge (e) and multiplicity 2S+1 of a structure; None if not given.

    Args:
        structure: with optional `charge` and `multiplicity` in its info.
        arguments: of the calculator, used if the structure has no values.

    Raises:
        RuntimeError: structure and arguments contradict each other, or the multiplicity does not
            fit the number of electrons.
    """
    spin = {}
    for name in ("charge", "multiplicity"):
        of_frame, argument = structure.info.get(name), arguments.get(name)
        if of_frame is not None and argument is not None and float(of_frame) != float(argument):
            raise RuntimeError(
                f"the frame has {name} {of_frame}, but the level's arguments say {name} {argument};"
                " remove it from the arguments, or label such frames at another level"
            )
        spin[name] = argument if of_frame is None else of_frame
    multiplicity = spin["multiplicity"]
    if multiplicity is None:
        if structure.info.get("spin") is not None:
            raise RuntimeError(
                f"the frame has spin={structure.info['spin']}, which is not a multiplicity 2S+1; "
                "write it as multiplicity=2S+1"
            )
        return spin
    charge = float(spin["charge"] or 0)
    numbers = structure.get_atomic_numbers()
    if charge == int(charge) and not any(number in _F_ELEMENTS for number in numbers):
        electrons = int(numbers.sum()) - int(charge)
        if (electrons - (int(multiplicity) - 1)) % 2 or int(multiplicity) - 1 > electrons:
            raise RuntimeError(
                f"a multiplicity 2S+1 of {multiplicity} is impossible with {electrons} electrons "
                f"(charge {charge:g}); correct the frame's charge or its multiplicity: "
                "multiplicity, spin (read as 2S+1), uhf or initial magnetic moments"
            )
    return spin
