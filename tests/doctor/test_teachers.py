"""`ipip doctor` finds a kind of teacher by its package, or by the programs that its file names."""

from pathlib import Path

from ipip.doctor.teachers import check_teachers
from ipip.teacher_program.kinds import KINDS


def test_a_program_in_the_path_is_found_and_the_first_of_several_is_used(tmp_path, monkeypatch):
    programs = KINDS["cp2k"].programs
    assert programs[-2:] == ("cp2k.psmp", "cp2k.ssmp")
    monkeypatch.setenv("PATH", str(tmp_path))
    (before,) = check_teachers(Path())
    assert "cp2k " not in before.value
    for name in programs[-2:]:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    (after,) = check_teachers(Path())
    assert f"cp2k {tmp_path / 'cp2k.psmp'}" in after.value
    assert "cp2k.ssmp" not in after.value
