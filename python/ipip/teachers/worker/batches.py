"""Several structures in one evaluation, for the teachers whose packages can.

Small structures leave a GPU idle between kernels; a batch of them costs little more than one.
Each function takes (calculator, structures) and returns for each structure energy [] (eV),
forces [n, 3] (eV/Å) and stress [3, 3] (eV/Å^3, ASE's sign).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Batch = Callable[[Any, Sequence[Any]], list[dict[str, Any]]]


def batch_function(kind: str) -> Batch | None:
    """Return the function that evaluates a batch for this kind of teacher, or None."""
    return {"sevennet": sevennet, "mace": mace, "chgnet": chgnet}.get(kind)


def sevennet(calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
    """Evaluate a batch with SevenNet."""
    import sevenn._keys as key
    from sevenn.atom_graph_data import AtomGraphData
    from sevenn.train.dataload import unlabeled_atoms_to_graph
    from torch_geometric.data import Batch

    graphs = []
    for structure in structures:
        calculator.set_atoms(structure)  # refuses elements that it does not know
        plain = unlabeled_atoms_to_graph(structure, calculator.cutoff, with_shift=False)
        graph = AtomGraphData.from_numpy_dict(plain)
        if calculator.modal:
            graph[key.DATA_MODALITY] = calculator.modal
        graphs.append(graph)
    model = calculator.model
    model.set_is_batch_data(True)
    try:
        output = model(Batch.from_data_list(graphs).to(calculator.device))
    finally:
        model.set_is_batch_data(False)
    stress = -_numpy(output[key.PRED_STRESS]).reshape(len(graphs), 6)
    xx, yy, zz, xy, yz, zx = stress.T
    full = np.stack([xx, xy, zx, xy, yy, yz, zx, yz, zz], axis=1).reshape(-1, 3, 3)
    energies = _numpy(output[key.PRED_TOTAL_ENERGY]).reshape(-1)
    return _split(structures, energies, _numpy(output[key.PRED_FORCE]), full)


def mace(calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
    """Evaluate a batch with MACE; a committee gives its mean, as its calculator does."""
    from mace import data
    from mace.tools import torch_geometric, torch_tools

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
        energies.append(_numpy(output["energy"]).reshape(-1))
        forces.append(_numpy(output["forces"]))
        stresses.append(_numpy(output["stress"]).reshape(-1, 3, 3))
    energy, length = calculator.energy_units_to_eV, calculator.length_units_to_A
    return _split(
        structures,
        np.mean(energies, axis=0) * energy,
        np.mean(forces, axis=0) * energy / length,
        np.mean(stresses, axis=0) * energy / length**3,
    )


def chgnet(calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
    """Evaluate a batch with CHGNet."""
    from pymatgen.io.ase import AseAtomsAdaptor

    model = calculator.model
    graphs = [model.graph_converter(AseAtomsAdaptor.get_structure(s)) for s in structures]
    found = model.predict_graph(graphs, task="efs", batch_size=len(graphs))
    return [
        {
            "energy": float(own["e"]) * (len(structure) if model.is_intensive else 1),
            "forces": own["f"],
            "stress": own["s"] * calculator.stress_weight,
        }
        for structure, own in zip(structures, found, strict=True)
    ]


def _numpy(tensor: Any) -> np.ndarray:
    array: np.ndarray = tensor.detach().cpu().numpy()
    return array


def _split(
    structures: Sequence[Any], energies: np.ndarray, forces: np.ndarray, stresses: np.ndarray
) -> list[dict[str, Any]]:
    ends = np.cumsum([len(structure) for structure in structures])
    parts = np.split(forces[: ends[-1]], ends[:-1])
    return [
        {"energy": float(energy), "forces": own, "stress": stress}
        for energy, own, stress in zip(energies, parts, stresses, strict=True)
    ]
