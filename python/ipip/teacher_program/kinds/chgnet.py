"""CHGNet: foundation potentials with their weights in the package."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .kind import TeacherKind


class Chgnet(TeacherKind):
    """CHGNet's calculator."""

    name = "chgnet"
    package = "chgnet"
    distribution = "chgnet"
    extra = "chgnet"
    default_model = "0.3.0"
    uses_torch = True
    knows_states = False

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Return the ASE calculator of a model, by name or file."""
        from chgnet.model.dynamics import CHGNetCalculator
        from chgnet.model.model import CHGNet

        network = (
            CHGNet.from_file(model) if os.path.exists(model) else CHGNet.load(model_name=model)
        )
        return CHGNetCalculator(model=network, use_device=spec["device"], **arguments)

    def label_together(self, calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
        """Evaluate a batch of graphs."""
        from pymatgen.io.ase import AseAtomsAdaptor

        model = calculator.model
        graphs = [model.graph_converter(AseAtomsAdaptor.get_structure(s)) for s in structures]
        predicted = model.predict_graph(graphs, task="efs", batch_size=len(graphs))
        return [
            {
                "energy": float(result["e"]) * (len(structure) if model.is_intensive else 1),
                "forces": result["f"],
                "stress": result["s"] * calculator.stress_weight,
            }
            for structure, result in zip(structures, predicted, strict=True)
        ]

    def features(self, calculator: Any, structure: Any) -> Any:
        """Return the package's "atom features", which come before the last convolution."""
        import numpy as np
        from pymatgen.io.ase import AseAtomsAdaptor

        crystal = AseAtomsAdaptor.get_structure(structure)
        predicted = calculator.model.predict_structure(crystal, task="e", return_atom_feas=True)
        return np.asarray(predicted["atom_fea"], dtype=float).reshape(len(structure), -1)

    def embedding(self, calculator: Any, numbers: Sequence[int]) -> Any:
        """Return the output of `atom_embedding`."""
        from .layers import layer_outputs

        return layer_outputs(calculator, calculator.model, "atom_embedding", numbers)
