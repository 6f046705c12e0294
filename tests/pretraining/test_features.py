"""Feature distillation."""

import numpy as np
import pytest
import torch

from ipip.errors import InputError
from ipip.pretraining.features import FeatureScale, NodeMatch, embed_from_teacher


def test_features_are_standardised(rng):
    features = [rng.normal(3.0, 2.0, size=(5, 4)), rng.normal(3.0, 2.0, size=(9, 4))]
    features[0][:, 1] = features[1][:, 1] = 7.0
    scale = FeatureScale.of(features)
    pooled = np.concatenate([scale.standardise(own) for own in features])
    np.testing.assert_allclose(pooled.mean(axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(pooled.std(axis=0)[[0, 2, 3]], 1.0)
    assert (pooled[:, 1] == 0).all()


def test_matching_draws_the_students_features_within_reach_of_a_linear_map(
    frames, make_batch, make_student
):
    """The loss falls through the student's weights as well as through the map's."""
    student, batch = make_student(dtype="float32"), make_batch(frames)
    n = len(batch.species)
    wanted = torch.randn(n, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def final_loss(parameters_of_student: bool) -> float:
        trial = make_student(dtype="float32")
        match = NodeMatch(8, 6, seed=2)
        own = list(trial.parameters()) if parameters_of_student else []
        optimiser = torch.optim.Adam([*match.parameters(), *own], lr=0.01)
        for _ in range(80):
            optimiser.zero_grad()
            features = trial.features(batch.species, batch.edge_index, batch.edge_vec, n)
            loss = match(features, wanted)
            loss.backward()
            optimiser.step()
        return loss.item()

    start = NodeMatch(8, 6, seed=2)(
        student.features(batch.species, batch.edge_index, batch.edge_vec, n), wanted
    ).item()
    map_alone, both = final_loss(False), final_loss(True)
    assert both < 0.8 * map_alone < 0.8 * start


def test_the_embedding_begins_as_a_map_of_the_teachers(make_student):
    """A table of rank one passes nothing but rank one on; spreads stay."""
    student = make_student()
    before = student.embedding.weight.std().item()
    embed_from_teacher(student, np.outer([1.0, 2.0, -1.0], np.ones(16)), seed=4)
    table = student.embedding.weight.detach().numpy()
    centred = table - table.mean()
    assert np.linalg.matrix_rank(centred, tol=1e-8) <= 2
    ratios = (table[1] - table[0]) / (table[2] - table[0])
    np.testing.assert_allclose(ratios, -0.5, rtol=1e-6)
    assert table.std(ddof=1) == pytest.approx(before, rel=1e-6)


def test_an_embedding_of_other_elements_is_refused(make_student):
    with pytest.raises(InputError, match="one row for each of Mo S O"):
        embed_from_teacher(make_student(), np.ones((2, 4)), seed=1)
