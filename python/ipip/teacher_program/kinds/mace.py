"""MACE: foundation potentials by name (downloaded by the package), or files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .kind import TeacherKind


class Mace(TeacherKind):
    """MACE's calculator."""

    name = "mace"
    package = "mace"
    distribution = "mace-torch"
    extra = "mace"
    needs_model = "a model file or a name such as small"
    uses_torch = True

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Return the ASE calculator of a model, by name or file."""
        # e3nn 0.4.4 loads its constants by a pickle that newer torch refuses by default.
        os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
        from mace.calculators import MACECalculator, mace_mp

        if os.path.exists(model):
            return MACECalculator(model_paths=model, device=spec["device"], **arguments)
        return mace_mp(model=model, device=spec["device"], **arguments)

    def label_together(self, calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
        """Evaluate a batch of graphs; of a committee return the mean, as its calculator does."""
        import numpy as np
        from mace import data
        from mace.tools import torch_geometric, torch_tools

        from .graphs import as_numpy, split_labels

        keys = data.KeySpecification(
            info_keys=calculator.info_keys,
            arrays_keys={**calculator.arrays_keys, calculator.charges_key: "charges"},
        )
        with torch_tools.default_dtype(calculator.default_dtype):
            graphs = [
                data.AtomicData.from_config(
                    data.config_from_atoms(
                        structure, key_specification=keys, head_name=calculator.head
                    ),
                    z_table=calculator.z_table,
                    cutoff=calculator.r_max,
                    heads=calculator.available_heads,
                )
                for structure in structures
            ]
        energies, forces, stresses = [], [], []
        for model in calculator.models:
            batch = torch_geometric.Batch.from_data_list(graphs).to(calculator.device)
            dtype = next(model.parameters()).dtype
            for name in batch.keys:
                value = batch[name]
                if hasattr(value, "is_floating_point") and value.is_floating_point():
                    batch[name] = value.to(dtype=dtype)
            output = model(batch.to_dict(), compute_stress=True)
            energies.append(as_numpy(output["energy"]).reshape(-1))
            forces.append(as_numpy(output["forces"]))
            stresses.append(as_numpy(output["stress"]).reshape(-1, 3, 3))
        energy, length = calculator.energy_units_to_eV, calculator.length_units_to_A
        return split_labels(
            structures,
            np.mean(energies, axis=0) * energy,
            np.mean(forces, axis=0) * energy / length,
            np.mean(stresses, axis=0) * energy / length**3,
        )

    def features(self, calculator: Any, structure: Any) -> Any:
        """Return the invariant descriptors of all layers, concatenated over a committee."""
        import numpy as np

        described = calculator.get_descriptors(structure, invariants_only=True)
        members = described if isinstance(described, list) else [described]
        return np.concatenate([np.asarray(member) for member in members], axis=1)

    def embedding(self, calculator: Any, numbers: Sequence[int]) -> Any:
        """Return the output of `node_embedding`."""
        from .layers import layer_outputs

        return layer_outputs(calculator, calculator.models[0], "node_embedding", numbers)
