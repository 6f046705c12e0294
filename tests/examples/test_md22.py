"""The MD22 recipe: published files in, errors in kcal/mol beside the paper's out."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ipip.config.load import load_settings
from ipip.config.recipe import RecipeSettings
from ipip.data import read_frames
from ipip.data.units import KCAL_PER_MOL
from ipip.export import load_student
from ipip.train import predict

from .conftest import KCAL, Peptide

Example = Callable[[str, str], ModuleType]
GFN1 = "kind: ase\nimport_path: tblite.ase:TBLite\narguments: {method: GFN1-xTB, verbosity: 0}\n"


def test_quick_reports_the_student_s_own_errors_on_the_test_frames(
    example: Example,
    peptide: Peptide,
    md22_npz: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    md22 = example("md22", "md22")
    command = ["Ac-Ala3-NHMe", "--data", str(md22_npz), "--quick", "--dir", str(tmp_path / "out")]
    assert md22.main(command) == 0
    printed = capsys.readouterr().out
    assert re.search(r"paper: IPIP +│ +0\.0572 │ +0\.0729", printed)
    assert "not compared" in printed
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["frames"] == {"train": 8, "valid": 2, "test": 4}
    (result,) = report["results"]
    student = load_student(tmp_path / "out" / result["student"])
    test = json.loads((tmp_path / "out" / "split.json").read_text())["test"]
    keys = md22.KEYS[".npz"]
    found = predict(student, [read_frames(md22_npz, keys)[index] for index in test])
    energies = np.array([frame.energy for frame in found])
    forces = np.array([frame.forces for frame in found])
    energy_mae = np.abs(energies - peptide.energies[test]).mean() / KCAL
    force_mae = np.abs(forces - peptide.forces[test]).mean() / KCAL
    assert result["energy_mae_kcal_per_mol"] == pytest.approx(energy_mae, rel=1e-4)
    assert result["force_mae_kcal_per_mol_a"] == pytest.approx(force_mae, rel=1e-4)

    # the same command returns the existing file; another seed gives another split
    assert md22.main(command) == 0
    assert md22.main([*command, "--seed", "2"]) == 2
    assert "is another split" in capsys.readouterr().err


def test_a_download_is_checked_and_then_trained_on(
    example: Example,
    md22_npz: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    md22, molecules = example("md22", "md22"), example("md22", "molecules")
    serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(md22_npz.parent))
    digest = hashlib.sha256(md22_npz.read_bytes()).hexdigest()
    command = ["Ac-Ala3-NHMe", "--download", str(tmp_path / "new"), "--quick", "--test", "2"]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        monkeypatch.setattr(molecules, "ADDRESS", address)
        wrong = [*command, "--sha256", "0" * 64, "--dir", str(tmp_path / "out")]
        assert md22.main(wrong) == 2
        assert f"has the checksum sha256:{digest}, expected" in capsys.readouterr().err
        assert md22.main([*command, "--sha256", digest, "--dir", str(tmp_path / "out")]) == 0
        server.shutdown()
        thread.join()
    assert "(as requested)" in capsys.readouterr().out
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["file_digest"] == f"sha256:{digest}"
    assert report["frames"]["test"] == 2


def test_both_published_forms_hold_the_same_frames(
    example: Example, peptide: Peptide, md22_npz: Path, tmp_path: Path
) -> None:
    md22 = example("md22", "md22")
    lines: list[str] = []
    for positions, energy, forces in zip(
        peptide.positions, peptide.energies / KCAL, peptide.forces / KCAL, strict=True
    ):
        lines += [
            str(len(positions)),
            f"Energy={energy:.6f} Properties=species:S:1:pos:R:3:forces:R:3",
        ]
        for symbol, r, f in zip(peptide.symbols, positions, forces, strict=True):
            lines.append(" ".join([symbol, *(f"{x:<11.6g}" for x in (*r, *f))]))
    xyz = tmp_path / "md22_Ac-Ala3-NHMe.xyz"
    xyz.write_text("\n".join(lines) + "\n")
    for exact, printed in zip(
        read_frames(md22_npz, md22.KEYS[".npz"]), read_frames(xyz, md22.KEYS[".xyz"]), strict=True
    ):
        assert exact.energy == pytest.approx(printed.energy, abs=1e-6)
        assert np.allclose(exact.positions, printed.positions, atol=1e-4)
        assert np.allclose(exact.forces, printed.forces, atol=1e-3)
        assert not exact.pbc.any() and not printed.pbc.any()


def test_the_loop_reports_teacher_and_rounds(
    example: Example, md22_npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    md22 = example("md22", "md22")
    (tmp_path / "teacher.yaml").write_text(GFN1)
    command = ["Ac-Ala3-NHMe", "--data", str(md22_npz), "--quick", "--dir", str(tmp_path / "out")]
    assert md22.main([*command, "--teacher", str(tmp_path / "teacher.yaml")]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    names = [result["name"] for result in report["results"]]
    assert names == ["teacher", "student of round 0", "student of round 1"]
    summary = json.loads((tmp_path / "out" / "run" / "summary.json").read_text())
    for entry, result in zip(summary["rounds"], report["results"][1:], strict=True):
        force = entry["test"]["force_mae_ev_per_a"] / KCAL_PER_MOL
        energy = entry["test"]["energy_mae_mev_per_atom"] / 1000 * 42 / KCAL_PER_MOL
        assert result["force_mae_kcal_per_mol_a"] == pytest.approx(force)
        assert result["energy_mae_kcal_per_mol"] == pytest.approx(energy)
    # MD starts from training frames, so that no test frame is explored
    split = json.loads((tmp_path / "out" / "split.json").read_text())
    frames = read_frames(md22_npz, md22.KEYS[".npz"])
    starts = [read_frames(path, require=())[0] for path in (tmp_path / "out" / "starts").iterdir()]
    assert len(starts) == 2
    for start in starts:
        assert any(np.array_equal(start.positions, frames[i].positions) for i in split["train"])


def test_parts_and_settings_are_the_paper_s(example: Example, repository: Path) -> None:
    molecules = example("md22", "molecules").MOLECULES
    sums = [molecule.train + molecule.valid for molecule in molecules.values()]
    assert sums == [6000, 8000, 8000, 3000, 2000, 600, 800]
    for molecule in molecules.values():
        assert molecule.frames > molecule.train + molecule.valid
    settings = load_settings(repository / "examples" / "md22" / "settings.yaml", RecipeSettings)
    student = settings.student.model_dump()
    assert (student["layers"], student["channels"], student["lmax"]) == (9, 256, 2)
    training = settings.training
    assert (training.learning_rate, training.warmup_steps, training.batch_size) == (2e-4, 1000, 4)
    assert (training.energy_weight, training.forces_weight) == (0.05, 0.95)
    assert (training.schedule, training.plateau_factor) == ("plateau", 0.8)
    frames = settings.starts * settings.teacher_md.steps / settings.teacher_md.frame_interval
    assert frames == 100_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["DHA", "--data", "FILE"], r"frame 0 has 42 atoms; DHA has 56"),
        (["Ac-Ala3-NHMe", "--data", "none.npz"], r"none\.npz: no such file"),
        (["Ac-Ala3-NHMe", "--data", "FILE", "--sha256", "0" * 64], r"expected sha256:0000"),
        (["Ac-Ala3-NHMe", "--data", "FILE", "--sha256", "1234"], r"'1234' is not a SHA-256"),
        (["Ac-Ala3-NHMe", "--data", "FILE", "--test", "9"], r"has 14 frames; Ac-Ala3-NHMe needs 8"),
        (["Ac-Ala3-NHMe", "--data", "FILE", "--teacher", "none.yaml"], r"none\.yaml: no such file"),
    ],
)
def test_wrong_input_ends_with_status_2_and_one_message(
    arguments: list[str],
    message: str,
    example: Example,
    md22_npz: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [str(md22_npz) if word == "FILE" else word for word in arguments]
    out = tmp_path / "out"
    assert example("md22", "md22").main([*given, "--quick", "--dir", str(out)]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error) and error.count("\n") == 1
    assert not (out / "train").exists()


def test_labels_of_gfn2_come_as_a_file_of_md22(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tblite = pytest.importorskip("tblite.ase")
    labels, md22 = example("md22", "xtb_labels"), example("md22", "md22")
    assert labels.MOLECULES == ["Ac-Ala3-NHMe", "DHA"]
    command = ["Ac-Ala3-NHMe", "--interval", "2", "--settle", "4", "--out"]
    assert labels.main([*command, str(tmp_path / "a.npz"), "--frames", "5"]) == 2
    assert "expected a multiple of --trajectories 6" in capsys.readouterr().err
    read = []
    for kind in (".npz", ".xyz"):
        out = str(tmp_path / f"peptide{kind}")
        assert labels.main([*command, out, "--frames", "4", "--trajectories", "2"]) == 0
        read.append(read_frames(Path(out), md22.KEYS[kind]))
    frames, named = read
    assert [frame.info["traj"] for frame in named] == ["500K-1-0"] * 2 + ["500K-1-1"] * 2
    for frame, other in zip(frames, named, strict=True):
        assert other.energy == pytest.approx(frame.energy, abs=1e-5)
        np.testing.assert_allclose(other.forces, frame.forces, atol=1e-6)
    atoms = frames[3].to_atoms()
    atoms.calc = tblite.TBLite(method="GFN2-xTB", verbosity=0)
    assert frames[3].energy == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
    np.testing.assert_allclose(
        frames[3].forces, atoms.get_forces(), atol=1e-3
    )  # as far as it converges
