"""Seeds of tasks."""

from ipip.pipeline.seeds import derive_seed


def test_seeds_differ_by_any_label_and_repeat():
    seeds = {derive_seed(1, k, stage, i) for k in range(3) for stage in "ab" for i in range(3)}
    assert len(seeds) == 18
    assert derive_seed(1, 0, "a") == derive_seed(1, 0, "a")
    assert derive_seed(1, "1", "2") != derive_seed(1, "12")
    assert all(1 <= seed < 2**31 for seed in seeds)
