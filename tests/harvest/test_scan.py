"""Looking through a dump without keeping its frames."""

import json
import sys

import numpy as np
import pytest

from ipip.harvest.scan import DumpScan, read_steps, scan_dump
from ipip.lammps import DumpPosition


def _text(steps: range) -> str:
    return "".join(
        f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n"
        f"0 9\n0 9\n0 9\nITEM: ATOMS id element x y z\n1 O {step} 0 0\n"
        for step in steps
    )


@pytest.mark.parametrize("files", [1, 3])
def test_steps_are_found_again_in_their_files_after_a_scan_went_through_json(tmp_path, files):
    for k in range(files):
        (tmp_path / f"part{k}.dump").write_text(_text(range(10 * k, 10 * k + 10)))
    path = tmp_path / ("part*.dump" if files > 1 else "part0.dump")
    scan = scan_dump(path, DumpScan("run"), None, {}, 100.0)
    assert list(scan.steps) == list(range(10 * files)) and scan.failed_at is None
    again = DumpScan.from_dict(json.loads(json.dumps(scan.as_dict())))
    assert again == scan
    wanted = [10 * files - 1, 3, 0]
    assert again.places([3]) == {3: DumpPosition("part0.dump", len(_text(range(3))))}
    found = read_steps(path, again, wanted, None)
    assert {step: frame.positions[0, 0] for step, frame in found.items()} == {
        step: float(step) for step in wanted
    }


def test_a_scan_keeps_sixteen_bytes_of_a_frame():
    scan = DumpScan("run")
    for step in range(100_000):
        scan.add(step, DumpPosition("a.dump", 1000 * step))
    assert sys.getsizeof(scan.steps) + sys.getsizeof(scan.offsets) < 16 * 100_000 * 1.2
    assert len(scan.files) == 1


def test_a_later_scan_leaves_the_earlier_one_as_it_was(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_text(range(3)))
    first = scan_dump(path, DumpScan("run"), None, {}, 100.0)
    path.write_text(_text(range(5)))
    second = scan_dump(path, first, None, {}, 100.0)
    assert list(first.steps) == [0, 1, 2] and list(second.steps) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(second.run_steps(1.0, failed=False).steps, range(5))
