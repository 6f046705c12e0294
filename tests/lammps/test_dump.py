"""Reading dumps: any columns, tilted boxes, cut-off files."""

import gzip
import logging

import numpy as np
import pytest
import zstandard
from ase import Atoms

from ipip.errors import InputError
from ipip.lammps import read_dump

CELL = np.array([[8.0, 0.0, 0.0], [1.5, 7.5, 0.0], [-1.0, 2.0, 8.5]])
ORIGIN = np.array([-1.0, 2.0, 0.5])


def _bounds(cell: np.ndarray, origin: np.ndarray) -> list[str]:
    xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
    low = origin + [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = origin + np.diag(cell) + [max(0, xy, xz, xy + xz), max(0, yz), 0]
    tilts = [xy, xz, yz]
    lines = [f"{a:.16g} {b:.16g} {t:.16g}" for a, b, t in zip(low, high, tilts, strict=True)]
    return ["ITEM: BOX BOUNDS xy xz yz pp pp ff", *lines]


def _frame(step: int, columns: str, rows: list[str]) -> str:
    lines = ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(rows))]
    return "\n".join([*lines, *_bounds(CELL, ORIGIN), f"ITEM: ATOMS {columns}", *rows]) + "\n"


def test_atoms_are_sorted_and_columns_may_come_in_any_order(tmp_path):
    path = tmp_path / "a.dump"
    rows = ["0.5 2 S 4 5 6 1e-3 0 -2", "7 1 Mo 1 2 3 4 5 6"]
    path.write_text(_frame(7, "c_q[1] id element xu yu zu fx fy fz", rows))
    (frame,) = read_dump(path)
    assert frame.step == 7 and frame.unwrapped
    np.testing.assert_array_equal(frame.numbers, [42, 16])
    np.testing.assert_array_equal(frame.positions, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(frame.forces, [[4, 5, 6], [1e-3, 0, -2]])
    np.testing.assert_array_equal(frame.columns["c_q[1]"], [7, 0.5])
    np.testing.assert_array_equal(frame.pbc, [True, True, False])


def test_a_tilted_box_and_scaled_positions_are_understood(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type xs ys zs", ["1 2 0 0 0", "2 1 0.25 0.5 0.75"]))
    (frame,) = read_dump(path, symbols=["O", "S"])
    np.testing.assert_allclose(frame.cell, CELL, atol=1e-12)
    np.testing.assert_allclose(frame.origin, ORIGIN, atol=1e-12)
    np.testing.assert_allclose(frame.positions[1], ORIGIN + np.array([0.25, 0.5, 0.75]) @ CELL)
    np.testing.assert_array_equal(frame.numbers, [16, 8])
    assert not frame.unwrapped and frame.forces is None


def test_without_elements_and_symbols_the_types_remain(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type x y z", ["1 3 0 0 0"]))
    (frame,) = read_dump(path)
    assert frame.numbers is None and frame.types.tolist() == [3]
    with pytest.raises(InputError, match="has type 3, but symbols has 1"):
        list(read_dump(path, symbols=["O"]))


@pytest.mark.parametrize("cut", [1, 2, 15, 40, 80, 150])
def test_a_last_frame_that_is_cut_off_is_dropped_and_said(tmp_path, caplog, cut):
    whole = _frame(1, "id type x y z", ["1 1 0.25 0.25 0.25", "2 1 1 1 1"])
    last = whole.replace("TIMESTEP\n1\n", "TIMESTEP\n2\n")
    path = tmp_path / "a.dump"
    path.write_text(whole + last[: len(last) - cut])
    reader = read_dump(path, symbols=["O"])
    with caplog.at_level(logging.WARNING):
        assert [frame.step for frame in reader] == [1]
    assert reader.truncated and "cut off" in caplog.text
    path.write_text(whole + last)
    assert [frame.step for frame in reader] == [1, 2]
    assert not reader.truncated


def test_only_the_wanted_steps_are_parsed(tmp_path):
    path = tmp_path / "a.dump"
    text = "".join(_frame(s, "id type x y z", [f"1 1 {s} 0 0"]) for s in range(0, 50, 10))
    path.write_text(text)
    assert [f.step for f in read_dump(path, steps=[10, 40, 41])] == [10, 40]
    assert read_dump(path).steps().tolist() == [0, 10, 20, 30, 40]


def _many(steps: range) -> str:
    return "".join(_frame(s, "id type x y z", [f"1 1 {s}.5 0 0", "2 1 1 1 1"]) for s in steps)


def _compress(text: str, suffix: str) -> bytes:
    return {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix](text.encode())


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_compressed_dumps_of_several_members_are_read(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(_compress(_many(range(3)), suffix) + _compress(_many(range(3, 5)), suffix))
    assert [frame.step for frame in read_dump(path)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_dump_that_is_cut_off_gives_what_is_whole(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    random = np.random.default_rng(0)
    rows = [[f"{k} 1 {random.normal()} 0 0" for k in range(300)] for _ in range(40)]
    whole = _compress(
        "".join(_frame(s, "id type x y z", row) for s, row in enumerate(rows)), suffix
    )
    path.write_bytes(whole[: len(whole) * 2 // 3])
    steps = [frame.step for frame in read_dump(path)]
    assert steps == list(range(len(steps))) and (suffix == ".zst" or 20 <= len(steps) < 35)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_damaged_compression_is_said(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(b"\x00" * 500)
    with pytest.raises(InputError, match="compression is damaged"):
        list(read_dump(path))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_reading_goes_on_where_it_ended_in_a_dump_that_grows(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    text = _many(range(4))
    path.write_bytes(_compress(text[: len(text) - 25], suffix))
    first = read_dump(path)
    assert [frame.step for frame in first] == [0, 1, 2] and first.truncated
    path.write_bytes(_compress(text + _many(range(4, 6)), suffix))
    second = read_dump(path, start=first.position)
    assert [(f.step, f.positions[0, 0]) for f in second] == [(3, 3.5), (4, 4.5), (5, 5.5)]
    assert not second.truncated
    assert list(read_dump(path, start=second.position)) == []
    path.write_bytes(_compress(_many(range(1)), suffix))
    with pytest.raises(InputError, match="was replaced; read it from its start"):
        list(read_dump(path, start=second.position))


def test_a_frame_is_found_again_at_its_position(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_many(range(5)))
    positions = {frame.step: frame.position for frame in read_dump(path)}
    for step in (3, 0, 4):
        assert next(iter(read_dump(path, start=positions[step]))).step == step


def test_one_file_a_frame_is_read_in_the_order_of_its_numbers(tmp_path):
    for step in (0, 100, 20, 3):
        (tmp_path / f"b{step}.dump").write_text(_many(range(step, step + 1)))
    reader = read_dump(tmp_path / "b*.dump")
    assert [frame.step for frame in reader] == [0, 3, 20, 100]
    (tmp_path / "b200.dump").write_text(_many(range(200, 201)))
    assert [f.step for f in read_dump(tmp_path / "b*.dump", start=reader.position)] == [200]
    with pytest.raises(InputError, match="no file has such a name"):
        read_dump(tmp_path / "c*.dump")


@pytest.mark.parametrize("cut", [1, 15, 30, 60, 90, 140])
def test_a_frame_cut_off_by_the_next_run_is_left_out_and_counted(tmp_path, cut):
    path = tmp_path / "a.dump"
    text = _many(range(3))
    path.write_text(text[: len(text) - cut] + _many(range(1, 3)))
    reader = read_dump(path)
    assert [frame.step for frame in reader] == [0, 1, 1, 2]
    assert reader.broken == 1 and not reader.truncated


def test_a_frame_larger_than_the_buffer_is_read(tmp_path):
    from ipip.lammps.dump_stream import Window

    path = tmp_path / "a.dump"
    path.write_text(_many(range(3)))
    window = Window(path, chunk=16)
    while window.fill():
        pass
    assert window.data[window.begin : window.end].tobytes() == path.read_bytes()
    window.close()


def test_general_triclinic_boxes_are_understood(tmp_path):
    path = tmp_path / "a.dump"
    box = ["ITEM: BOX BOUNDS abc origin pp fs pp", "1 2 3 0.5", "-4 5 6 -1", "7 8 -9 2"]
    head = ["ITEM: TIMESTEP", "5", "ITEM: NUMBER OF ATOMS", "1", *box]
    path.write_text("\n".join([*head, "ITEM: ATOMS id xs ys zs", "1 0.5 0.25 1"]) + "\n")
    (frame,) = read_dump(path)
    np.testing.assert_array_equal(frame.cell, [[1, 2, 3], [-4, 5, 6], [7, 8, -9]])
    np.testing.assert_array_equal(frame.pbc, [True, False, True])
    expected = np.array([0.5, -1, 2]) + np.array([0.5, 0.25, 1]) @ frame.cell
    np.testing.assert_allclose(frame.positions[0], expected)


def test_image_flags_unwrap_positions(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type x y z ix iy iz", ["1 1 0.5 0 0 1 -2 0"]))
    (frame,) = read_dump(path)
    assert frame.unwrapped
    np.testing.assert_allclose(frame.positions[0], [0.5, 0, 0] + CELL[0] - 2 * CELL[1])


def test_symbols_that_are_given_come_before_the_default_element_of_lammps(tmp_path, caplog):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type element x y z", ["1 1 C 0 0 0", "2 2 C 1 0 0"]))
    with caplog.at_level(logging.WARNING):
        (frame,) = read_dump(path)
    assert frame.numbers.tolist() == [6, 6] and "dump_modify element" in caplog.text
    (frame,) = read_dump(path, symbols=["Mo", "S"])
    assert frame.numbers.tolist() == [42, 16]
    with pytest.raises(InputError, match=r"'Xx' of dump .* is not an element"):
        read_dump(path, symbols=["Mo", "Xx"])


def test_only_the_wanted_columns_are_parsed(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type vx vy xu yu zu fx fy fz c_pe", ["1 1 1 2 3 4 5 6 7 8 9"]))
    (frame,) = read_dump(path, columns=["c_pe"])
    assert set(frame.columns) == {"id", "type", "xu", "yu", "zu", "c_pe"}
    assert frame.columns["c_pe"][0] == 9 and frame.positions.tolist() == [[3, 4, 5]]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2 1 1 1", "row 2 has fewer than 5 columns"),
        ("2 1 1 1 1 1", "row 2 has more than 5 columns"),
        ("2 1 1 1 1x", "row 2 has '1x' where a number belongs"),
    ],
)
def test_a_damaged_row_is_named(tmp_path, row, said):
    path = tmp_path / "a.dump"
    path.write_text(_frame(40, "id type x y z", ["1 1 0 0 0", row]))
    with pytest.raises(InputError, match=f"step 40: {said}"):
        list(read_dump(path))


INSTRUCTIONS = ("avx512", "sse", "plain")


def _instructions() -> list[str]:
    """Return those that this processor runs."""
    import torch  # noqa: F401

    from ipip._core import CoreError, DumpParser

    found = []
    for name in INSTRUCTIONS:
        try:
            DumpParser(None, {}, None, name)
        except CoreError:
            continue
        found.append(name)
    return found


def test_instructions_that_are_not_there_are_refused():
    from ipip._core import CoreError, DumpParser

    assert "plain" in _instructions()
    with pytest.raises(CoreError, match=r"'mmx' are not known .* expected auto, avx512, sse or"):
        DumpParser(None, {}, None, "mmx")


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_numbers_are_the_nearest_doubles(tmp_path, instructions):
    if instructions not in _instructions():
        pytest.skip(f"this processor does not run {instructions}")
    random = np.random.default_rng(1)
    values = np.concatenate(
        [random.normal(size=300) * 10.0 ** random.integers(-30, 30, 300), [0.0, -0.0, 1e22, 5e-324]]
    )
    forms = ("%.17g", "%.10g", "%g", "%.3e", "%.15f", "%+.6f", "%d")
    words = [form % value for value in values for form in forms] + ["1e400", "-1e400", "1e-400"]
    path = tmp_path / "a.dump"
    words += ["5.", ".5", "-.5", "+5", "007", "-0", "0.1e1", "999999999999999", "9999999999999999"]
    words += ["-999999999999999", "123456789012345.", "1234567.89012345", "-1234567.8901234"]
    # Each word at each of four places beside each other, which are converted together.
    turned = [[words[(k + 7 * j) % len(words)] for j in range(4)] for k in range(len(words))]
    path.write_text(_frame(0, "x y z v_a", [" ".join(row) for row in turned]))
    (frame,) = read_dump(path, instructions=instructions)
    expected = np.array([[float(word) for word in row] for row in turned])
    np.testing.assert_array_equal(frame.positions, expected[:, :3])
    np.testing.assert_array_equal(np.signbit(frame.positions), np.signbit(expected[:, :3]))
    np.testing.assert_array_equal(frame.columns["v_a"], expected[:, 3])


@pytest.mark.parametrize("order", ["ascending", "permuted", "with gaps", "absent"])
@pytest.mark.parametrize("columns", [None, (), ("fx", "fy", "fz"), ("c_pe", "q")])
def test_all_instructions_read_the_same(tmp_path, order, columns):
    random = np.random.default_rng(4)
    path = tmp_path / "a.dump"
    names = "id type element q xu yu zu ix iy iz fx fy fz c_pe mol"
    text = ""
    for step, count in enumerate((1, 2, 3, 64, 211)):
        ids = np.arange(1, count + 1)
        ids = random.permutation(ids) if order == "permuted" else ids
        ids = random.permutation(3 * ids) if order == "with gaps" else ids
        rows = [
            f"{k} {1 + k % 11} {('Mo', 'Cl', 'O')[k % 3]} "
            + " ".join(f"{v:.{random.integers(1, 17)}g}" for v in random.normal(size=4) * 10)
            + f" {k % 3 - 1} 0 {k}  1e-5 {random.normal():g}\t-3 0.25 m{k} "
            for k in ids
        ]
        if order == "absent":
            rows = [row.partition(" ")[2] for row in rows]
        text += _frame(step, names.removeprefix("id ") if order == "absent" else names, rows)
    path.write_text(text)
    found = [list(read_dump(path, columns=columns, instructions=name)) for name in _instructions()]
    for frames in found:
        assert [frame.step for frame in frames] == [0, 1, 2, 3, 4]
        for one, other in zip(frames, found[0], strict=True):
            assert one.columns.keys() == other.columns.keys()
            for name, values in one.columns.items():
                np.testing.assert_array_equal(values, other.columns[name])
            for name in ("positions", "numbers", "types", "ids", "forces", "cell"):
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
            if order != "absent":
                assert (np.diff(one.ids) > 0).all()
                assert one.types.tolist() == [1 + k % 11 for k in one.ids]
                symbols = [(42, 17, 8)[k % 3] for k in one.ids]
                assert one.numbers.tolist() == symbols
            assert "mol" not in one.columns


def test_iodine_is_not_the_beginning_of_a_frame(tmp_path):
    path = tmp_path / "a.dump"
    rows = [f"{k + 1} {symbol} {k} 0 0" for k, symbol in enumerate(["I", "In", "Ir", "Ti", "I"])]
    path.write_text(_frame(0, "id element x y z", rows) + _frame(1, "id element x y z", rows))
    for name in _instructions():
        first, second = read_dump(path, instructions=name)
        assert first.numbers.tolist() == second.numbers.tolist() == [53, 49, 77, 22, 53]


def test_a_number_of_atoms_that_cannot_be_there_takes_no_memory(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_many(range(1)) + _many(range(1, 2)).replace("ATOMS\n2", f"ATOMS\n{10**15}"))
    reader = read_dump(path)
    assert [frame.step for frame in reader] == [0] and reader.truncated


def test_columns_may_change_from_frame_to_frame(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(
        _frame(0, "id x y z q", ["1 1 2 3 4", "2 5 6 7 8"])
        + _frame(1, "id q x y z", ["1 4 1 2 3", "2 8 5 6 7"])
        + _frame(2, "id q x y z", ["1 four 1 2 3", "2 eight 5 6 7"])
        + _frame(3, "id q x y z", ["1 4 1 2 3", "2 8 5 6 7"])
        + _frame(4, "id q x y z", [])
    )
    first, second, third, fourth, empty = read_dump(path)
    assert fourth.columns["q"].tolist() == [4, 8] and len(empty.columns["q"]) == 0
    for frame in (first, second, third, fourth):
        np.testing.assert_array_equal(frame.positions, [[1, 2, 3], [5, 6, 7]])
    assert first.columns["q"].tolist() == second.columns["q"].tolist() == [4, 8]
    assert "q" not in third.columns


def test_values_that_are_not_finite_are_read_as_such(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(3, "id element x y z", ["1 O nan -nan inf"]))
    (frame,) = read_dump(path)
    assert not np.isfinite(frame.positions).any()


@pytest.mark.parametrize("text", ["not a dump\n", "ITEM: TIMESTEP\nseven\n"])
def test_what_is_not_a_dump_is_refused(tmp_path, text):
    path = tmp_path / "a.dump"
    path.write_text(text)
    with pytest.raises(InputError):
        list(read_dump(path))


def test_a_dump_without_positions_or_file_is_refused(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type fx fy fz", ["1 1 0 0 0"]))
    with pytest.raises(InputError, match="has no positions"):
        list(read_dump(path))
    with pytest.raises(InputError, match="does not exist"):
        read_dump(tmp_path / "b.dump")


def test_it_agrees_with_the_reader_of_ase(tmp_path):
    from ase.io import read

    path = tmp_path / "a.dump"
    random = np.random.default_rng(0)
    rows = [f"{k} Cu " + " ".join(f"{v:.10g}" for v in random.normal(size=6)) for k in range(1, 9)]
    path.write_text(_frame(5, "id element x y z fx fy fz", rows))
    theirs = read(path, format="lammps-dump-text")
    assert isinstance(theirs, Atoms)
    (ours,) = read_dump(path)
    np.testing.assert_allclose(ours.positions - ours.origin, theirs.positions - ORIGIN, atol=1e-9)
    np.testing.assert_allclose(ours.forces, theirs.get_forces(), atol=1e-9)
    np.testing.assert_allclose(ours.cell, theirs.cell.array, atol=1e-9)
