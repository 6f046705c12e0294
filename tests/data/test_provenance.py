"""The provenance of a frame is one record, which files keep."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

import ipip
from ipip.data import Frame, Provenance, read_frames, write_frames
from ipip.data.provenance import config_type_of
from ipip.errors import InputError

WHOLE = Provenance(
    traj="00012",
    md_step=40,
    time_fs=20.0,
    temperature_k=297.25,
    target_temperature_k=300.0,
    system="alloy",
    config_type="harvest",
    frame_id="round_001/00012/40",
    origin=1,
    label="student 0",
    held_out=True,
    biased=True,
)


@pytest.mark.parametrize("suffix", ["xyz", "lmdb", "db"])
def test_provenance_is_read_back_from_every_kind_of_file(frames, tmp_path: Path, suffix):
    path = tmp_path / f"frames.{suffix}"
    write_frames(path, [WHOLE.replacing_info_of(frame) for frame in frames])
    assert all(field.default != getattr(WHOLE, field.name) for field in dataclasses.fields(WHOLE))
    assert {Provenance.of(frame) for frame in read_frames(path, require=())} == {WHOLE}


def test_unknown_provenance_writes_no_key(frames):
    frame = Provenance(traj="a").replacing_info_of(frames[0].replace(info={"other": 1}))
    assert frame.info == {"traj": "a"}
    assert Provenance.of(frame) == Provenance(traj="a")


def test_other_info_of_a_frame_is_kept_and_its_state_in_any_case(frames):
    frame = frames[0].replace(info={"group": 7, "charge": 1})
    assert WHOLE.added_to(frame).info["group"] == 7
    assert set(Provenance(origin=0).replacing_info_of(frame).info) == {"origin", "charge"}


def test_a_key_with_another_meaning_is_ignored(frames):
    theirs = {"origin": "materials project", "md_step": 1.5, "held_out": "no", "time_fs": "x"}
    assert Provenance.of(frames[0].replace(info=theirs)) == Provenance()


def test_the_id_of_a_frame_of_md_has_its_round_run_and_step(frames):
    assert WHOLE.id_in_round(12) == "round_012/00012/40"
    with pytest.raises(InputError, match="no traj or no md_step"):
        Provenance(traj="a").id_in_round(0)


def test_a_frame_without_a_kind_is_listed_as_a_dash(frames):
    bare: Frame = frames[0].replace(info={})
    assert config_type_of(bare) == "-"
    assert config_type_of(WHOLE.added_to(bare)) == "harvest"


def test_no_other_module_names_its_keys():
    package = Path(ipip.__file__).parent
    keys = {field.name for field in dataclasses.fields(Provenance)}
    users = {
        f"{path.relative_to(package).as_posix()}:{node.lineno}"
        for path in package.rglob("*.py")
        if path.relative_to(package).as_posix() != "data/provenance.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _key_of_info(node) in keys
    }
    assert not users


def _key_of_info(node: ast.AST) -> object:
    """Return the key in `frame.info["key"]`, `frame.info.get("key")`; None of anything else."""
    if isinstance(node, ast.Subscript):
        info, key = node.value, node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        info, key = node.func.value, node.args[0]
    else:
        return None
    is_info = isinstance(info, ast.Attribute) and info.attr == "info"
    return key.value if is_info and isinstance(key, ast.Constant) else None
