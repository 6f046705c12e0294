"""The molecules in a run's report."""

import json

import numpy as np
import pytest
from ase.build import molecule

from ipip.config.species import SpeciesSettings
from ipip.errors import InputError
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.species import molecules_in
from ipip.species.run import species_of_dump
from ipip.stages.student_md import STUDENT_MD
from ipip.views.explored_species import species_at_end, species_over_time
from ipip.views.results import write_results


def test_molecules_are_counted_across_the_walls_of_the_box():
    water, oxygen = molecule("H2O"), molecule("O2")
    oxygen.translate([0.0, 0.0, 3.9])
    both = water + oxygen
    cell, pbc = np.eye(3) * 8.0, np.ones(3, dtype=bool)
    for shift in np.linspace(0.0, 8.0, 5):
        positions = (both.positions + shift) % 8.0
        found = molecules_in(both.numbers, positions, cell, pbc, SpeciesSettings())
        assert found == {"H2O": 1, "O2": 1}


def test_the_ends_of_the_explorations_are_counted(copied):
    copied = RunFolder(copied[1])
    manifests = read_manifests(copied)
    start, end = species_at_end(copied, manifests, 2)
    assert (start.title, start.runs) == ("start of all 2 runs", 2)
    assert (end.title, end.runs) == ("round 1: student 0, 0.03 ps, 2 of 2 runs", 2)
    assert start.counts == end.counts == {"Cu": 10, "Au": 6}  # metals have no bonds
    for path in copied.root.glob("round_001/10_explore/runs/*/*.dump"):
        path.unlink()
    assert species_at_end(copied, manifests, 2) == []


def test_an_analysis_in_the_run_becomes_a_figure_of_its_report(copied):
    copied = RunFolder(copied[1])
    dump = copied.stage(STUDENT_MD.of(1)) / "runs/alloy_00/trajectory.dump"
    folder = copied.root / "species-long"
    settings = SpeciesSettings(follow="Au", metal_bonds=True)
    species_of_dump(dump, settings, folder)  # units and time step come from the run
    with pytest.raises(InputError, match="has a time step of 1 fs, but 2 fs was given"):
        species_of_dump(dump, settings.model_copy(update={"timestep": 2.0}), copied.root / "other")
    (curve,) = species_over_time(copied)
    assert (curve.name, curve.follow) == ("species-long", "Au")
    assert curve.times == tuple(0.001 * step for step in range(31))
    assert curve.counts == {"Au3Cu5": [1] * 31}
    page = write_results(copied.root).read_text()
    assert "Molecules over time: species-long" in page
    (folder / "summary.json").write_text("{")
    assert species_over_time(copied) == []
    (folder / "summary.json").write_text(json.dumps({"follow": None}))
    assert species_over_time(copied) == []
