"""SevenNet: foundation potentials with their weights in the package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .kind import TeacherKind


class SevenNet(TeacherKind):
    """SevenNet's calculator."""

    name = "sevennet"
    package = "sevenn"
    distribution = "sevenn"
    extra = "sevennet"
    default_model = "7net-0"
    own_settings = ("modal",)
    uses_torch = True
    knows_states = False

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Return the ASE calculator of a model, by name or file."""
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator(
            model=model, device=spec["device"], modal=spec["modal"], **arguments
        )

    def label_together(self, calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
        """Evaluate a batch of graphs."""
        import numpy as np
        import sevenn._keys as key
        from sevenn.atom_graph_data import AtomGraphData
        from sevenn.train.dataload import unlabeled_atoms_to_graph
        from torch_geometric.data import Batch

        from .graphs import as_numpy, split_labels

        graphs = []
        for structure in structures:
            calculator.set_atoms(structure)  # raises on unknown elements
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
        stress = -as_numpy(output[key.PRED_STRESS]).reshape(len(graphs), 6)
        xx, yy, zz, xy, yz, zx = stress.T
        full = np.stack([xx, xy, zx, xy, yy, yz, zx, yz, zz], axis=1).reshape(-1, 3, 3)
        energies = as_numpy(output[key.PRED_TOTAL_ENERGY]).reshape(-1)
        return split_labels(structures, energies, as_numpy(output[key.PRED_FORCE]), full)

    def features(self, calculator: Any, structure: Any) -> Any:
        """Return the input of `reduce_input_to_hidden`."""
        from .layers import layer_input

        return layer_input(calculator, calculator.model, "reduce_input_to_hidden", structure)

    def embedding(self, calculator: Any, numbers: Sequence[int]) -> Any:
        """Return the output of `onehot_to_feature_x`."""
        from .layers import layer_outputs

        return layer_outputs(calculator, calculator.model, "onehot_to_feature_x", numbers)
