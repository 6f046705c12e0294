"""A bias belongs to explorations: what judges a student refuses it."""

import pytest

from ipip.config.md import BiasSettings, StudentMDSettings
from ipip.config.rounds import StabilitySettings
from ipip.config.stability import StabilityMDSettings, StabilityProtocol

BIAS = {"energy": 0.1}


def test_keywords_of_a_bias_precede_the_users_own():
    md = StudentMDSettings(steps=10, temperature=900.0, pair_options="threads 2", bias=BIAS)
    assert md.pair_keywords() == "bias 0.1 bias_width 2 threads 2"
    assert md.bias == BiasSettings(energy=0.1, width=2.0)
    assert md.unbiased().pair_keywords() == "threads 2"


def test_stability_runs_refuse_a_bias():
    biased = StudentMDSettings(steps=10, temperature=900.0, bias=BIAS)
    with pytest.raises(ValueError, match="only explorations"):
        StabilitySettings(md=biased)
    with pytest.raises(ValueError, match="only explorations"):
        StabilityProtocol(system={"elements": ["S"]}, md=StabilityMDSettings(bias=BIAS))
