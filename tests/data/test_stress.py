"""A stress is a label only of a cell that is periodic in three directions, and only if finite."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.config.data import DataKeys
from ipip.data import Frame, read_frames, statistics, write_frames
from ipip.data.outliers import find_outliers
from ipip.data.store import FrameStore
from ipip.errors import InputError


def text(header: str, lattice: str = 'Lattice="5 0 0 0 4 0 0 0 5"') -> str:
    return (
        f"2\n{lattice} Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.0 {header}\n"
        "Mo 0 0 0 1 0 0\nS 2 0 0 -1 0 0\n"
    )


@pytest.mark.parametrize("separated", ["1 2 3 4 5 6", "1,2,3,4,5,6", "_JSON [1,2,3,4,5,6]"])
@pytest.mark.parametrize("key", ["stress", "virial"])
def test_six_numbers_are_xx_yy_zz_yz_xz_xy(key: str, separated: str, tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text(text(f'{key}="{separated}" note="a stress = 5"'))
    keys = DataKeys(stress=key, stress_is="virial" if key == "virial" else "stress")
    (frame,) = read_frames(tmp_path / "a.xyz", keys)
    full = np.array([[1.0, 6, 5], [6, 2, 4], [5, 4, 3]])
    assert frame.stress is not None
    assert np.allclose(frame.stress, -full / 100 if key == "virial" else full)
    assert frame.info == {"note": "a stress = 5"}


def test_nine_numbers_are_read_as_before(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_text(text('stress="1 6 5 6 2 4 5 4 3"'))
    (frame,) = read_frames(tmp_path / "a.xyz")
    assert frame.stress is not None and frame.stress.tolist() == [[1, 6, 5], [6, 2, 4], [5, 4, 3]]


@pytest.mark.parametrize("broken", ['stress="nan 1 1 0 0 0"', 'stress="nan"', "stress=inf"])
def test_a_stress_that_is_not_finite_is_refused_only_where_it_counts(
    broken: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.xyz").write_text(text(broken))
    (frame,) = read_frames(tmp_path / "a.xyz")
    assert frame.stress is None
    assert "1 frame has a stress that is not finite: not read" in caplog.text
    for wanted in ({"stress_counts": True}, {"require": ("energy", "stress")}):
        with pytest.raises(InputError, match=r"frame 0: the stress .*stress: null"):
            read_frames(tmp_path / "a.xyz", **wanted)
    (frame,) = read_frames(tmp_path / "a.xyz", DataKeys(stress=None), stress_counts=True)
    assert frame.stress is None


@pytest.mark.parametrize(
    "cell", ['pbc="F F F"', 'Lattice="5 0 0 0 4 0 0 0 5" pbc="T T F"', 'pbc="T T T"']
)
@pytest.mark.parametrize("key", ["stress", "virial"])
def test_a_stress_without_three_periodic_directions_is_ignored_and_reported(
    cell: str, key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = text(f'{key}="0 0 0 0 0 0"', cell) * 2
    (tmp_path / "a.xyz").write_text(content)
    keys = DataKeys(stress=key, stress_is="virial" if key == "virial" else "stress")
    frames = read_frames(tmp_path / "a.xyz", keys, require=())
    assert [frame.stress for frame in frames] == [None, None]
    assert "2 frames have a stress without being periodic in three directions" in caplog.text


def test_a_frame_keeps_no_stress_that_it_cannot_have(frames: list[Frame]) -> None:
    periodic = frames[0]
    assert periodic.stress is not None
    for changes in ({"pbc": np.array([True, True, False])}, {"cell": np.zeros((3, 3))}):
        assert periodic.replace(**changes).stress is None
        assert Frame.from_atoms(periodic.to_atoms()).stress is not None


def test_zeros_of_molecules_do_not_make_real_stresses_outliers(
    frames: list[Frame], tmp_path: Path
) -> None:
    random = np.random.default_rng(3)
    solid = [
        frames[0].replace(stress=0.01 * np.diag(random.normal(size=3)), energy=-5000.0)
        for _ in range(10)
    ]
    molecules = [
        frame.replace(pbc=np.zeros(3, bool), stress=None).replace(stress=np.zeros((3, 3)))
        for frame in solid * 5
    ]
    together = [*solid, *molecules]
    found = [outlier for outlier in find_outliers(together) if "pressure" in outlier.what]
    assert found == []
    assert statistics(together, 3.0).stresses == 10
    write_frames(tmp_path / "a.lmdb", together)
    assert FrameStore(tmp_path / "a.lmdb").meta["labels"]["stress"] == 10
