"""Looking through a dump without keeping its frames."""

import json
import sys

import numpy as np
import pytest

from ipip.harvest.scan import DumpScan, ScanSettings, read_steps, scan_dump
from ipip.lammps import DumpPosition

PLAIN = ScanSettings(units="metal")


def _text(steps: range, atoms: int = 1, first_id: int = 1) -> str:
    rows = "".join(f"{first_id + k} O {{0}} {3 * k} 0\n" for k in range(atoms))
    return "".join(
        f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{atoms}\nITEM: BOX BOUNDS pp pp pp\n"
        f"0 90\n0 90\n0 90\nITEM: ATOMS id element x y z\n{rows.format(step)}"
        for step in steps
    )


@pytest.mark.parametrize("files", [1, 3])
def test_steps_are_found_again_in_their_files_after_a_scan_went_through_json(tmp_path, files):
    for k in range(files):
        (tmp_path / f"part{k}.dump").write_text(_text(range(10 * k, 10 * k + 10)))
    path = tmp_path / ("part*.dump" if files > 1 else "part0.dump")
    scan = scan_dump(path, DumpScan("run"), PLAIN)
    assert list(scan.index.steps) == list(range(10 * files)) and scan.runs[0].failed_at is None
    again = DumpScan.from_dict(json.loads(json.dumps(scan.as_dict())))
    assert again == scan
    wanted = [10 * files - 1, 3, 0]
    place = DumpPosition("part0.dump", len(_text(range(3))))
    assert again.index.places(0, [3]) == {3: place}
    found = read_steps(path, again, 0, wanted, PLAIN)
    assert {step: frame.positions[0, 0] for step, frame in found.items()} == {
        step: float(step) for step in wanted
    }


def test_a_scan_keeps_sixteen_bytes_of_a_frame(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_text(range(20_000)))
    index = scan_dump(path, DumpScan("run"), PLAIN).index
    assert sys.getsizeof(index.steps) + sys.getsizeof(index.offsets) < 16 * 20_000 * 1.2
    assert len(index.files) == len(index.parts) == 1


def test_a_later_scan_does_not_change_the_earlier_one(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_text(range(3)))
    first = scan_dump(path, DumpScan("run"), PLAIN)
    path.write_text(_text(range(5)))
    second = scan_dump(path, first, PLAIN)
    assert list(first.index.steps) == [0, 1, 2] and list(second.index.steps) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(second.run_steps(0, 1.0, failed=False).steps, range(5))


def test_added_atoms_are_no_failure_and_removed_ones_are_counted(tmp_path):
    path = tmp_path / "a.dump"
    grown = "".join(_text(range(s, s + 1), 2 + s) for s in range(6))
    path.write_text(grown)
    first = scan_dump(path, DumpScan("run"), PLAIN)
    assert (first.runs[0].failed_at, first.runs[0].n_atoms) == (None, 7)
    sizes = [len(f) for f in read_steps(path, first, 0, range(6), PLAIN).values()]
    assert sizes == [2, 3, 4, 5, 6, 7]
    path.write_text(grown + _text(range(6, 8), 5))
    for scan in (scan_dump(path, DumpScan("run"), PLAIN), scan_dump(path, first, PLAIN)):
        assert scan.runs[0].failed_at == 6
        assert scan.runs[0].problem == "2 of 7 atoms are missing"
    # One goes and another one comes at the same time.
    path.write_text(_text(range(1), 5) + _text(range(1, 2), 5, first_id=2))
    (run,) = scan_dump(path, DumpScan("run"), PLAIN).runs
    assert (run.failed_at, run.problem) == (1, "1 of 5 atoms are missing")
    open_system = ScanSettings(units="metal", atoms_may_leave=True)
    (run,) = scan_dump(path, DumpScan("run"), open_system).runs
    assert (run.failed_at, run.problem) == (None, None)
