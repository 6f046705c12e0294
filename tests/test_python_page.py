"""Every example of the page on Python runs, in order."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ase.io import write

from ipip import save_student
from ipip.data.frame import Frame
from ipip.lammps.geometry import lammps_box, write_data
from ipip.models import Student
from tests.test_readme import molecules


def test_the_examples_run_one_after_another(
    repository: Path, tmp_path: Path, make_student: Callable[..., Student]
) -> None:
    text = (repository / "docs" / "python.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    assert len(examples) == 8 and all(name in text for name in ("predict", "descriptors"))
    save_student(make_student(), tmp_path / "student.pt")
    save_student(make_student(layers=1), tmp_path / "member_1.pt")
    atoms = molecules()
    atoms.pbc = True
    write(tmp_path / "system.xyz", atoms)
    frame = Frame.from_atoms(atoms)
    write_data(tmp_path / "system.data", frame, ["Mo", "S", "O"], lammps_box(frame))
    labelled = [frame.replace(energy=-1.0, forces=0 * frame.positions).to_atoms()] * 2
    write(tmp_path / "labels.xyz", labelled)
    (tmp_path / "page.py").write_text("\n".join(examples), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    checked = next(k for k, line in enumerate(lines) if "checks hold" in line)
    assert int(lines.pop(checked).split()[0]) > 30
    by_calculator, by_lammps = float(lines[0].split()[0]), float(lines[-1].split()[0])
    assert abs(by_calculator - by_lammps) < 1e-6 * abs(by_calculator)
    assert "eV/Å at most" in lines[0] and "spread" in done.stdout
