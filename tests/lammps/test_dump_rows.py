"""Reading the rows of dumps: every way of doing it gives the same numbers."""

import numpy as np
import pytest
from tests.lammps.dump_text import INSTRUCTIONS, frame_text, runnable_instructions

from ipip.errors import InputError
from ipip.lammps import read_dump


def test_unsupported_instructions_are_refused():
    from ipip._core import CoreError, DumpParser

    assert "plain" in runnable_instructions()
    with pytest.raises(CoreError, match=r"'mmx' are unknown .* expected auto, avx512, sse or"):
        DumpParser(None, {}, None, "mmx")


@pytest.mark.parametrize("instructions", INSTRUCTIONS)
def test_numbers_are_the_nearest_doubles(tmp_path, instructions):
    if instructions not in runnable_instructions():
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
    path.write_text(frame_text(0, "x y z v_a", [" ".join(row) for row in turned]))
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
        text += frame_text(step, names.removeprefix("id ") if order == "absent" else names, rows)
    path.write_text(text)
    found = [
        list(read_dump(path, columns=columns, instructions=name))
        for name in runnable_instructions()
    ]
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
    path.write_text(
        frame_text(0, "id element x y z", rows) + frame_text(1, "id element x y z", rows)
    )
    for name in runnable_instructions():
        first, second = read_dump(path, instructions=name)
        assert first.numbers.tolist() == second.numbers.tolist() == [53, 49, 77, 22, 53]


def test_values_that_are_not_finite_are_read_as_such(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(3, "id element x y z", ["1 O nan -nan inf"]))
    (frame,) = read_dump(path)
    assert not np.isfinite(frame.positions).any()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2 1 1 1", "row 2 has fewer than 5 columns"),
        ("2 1 1 1 1 1", "row 2 has more than 5 columns"),
        ("2 1 1 1 1x", "row 2 has '1x' where a number is expected"),
    ],
)
def test_a_damaged_row_is_named(tmp_path, row, said):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(40, "id type x y z", ["1 1 0 0 0", row]))
    with pytest.raises(InputError, match=f"step 40: {said}"):
        list(read_dump(path))


@pytest.mark.parametrize("columns", [None, ()])
def test_ids_and_types_of_any_form_are_read_the_same(tmp_path, columns):
    path = tmp_path / "a.dump"
    ids = ["3", "1.0", "+4", "2e0", "06", "5"]
    types = ["1", "-2", "7.0", "123456789", "3.5", "1e3"]
    rows = [f"{k} {t} 0.5 -1e-7 {k} 1 2 3" for k, t in zip(ids, types, strict=True)]
    path.write_text(frame_text(0, "id type x y z fx fy fz", rows) * 2)
    for name in runnable_instructions():
        for frame in read_dump(path, columns=columns, instructions=name):
            assert frame.ids.tolist() == [1, 2, 3, 4, 5, 6]
            assert frame.types.tolist() == [-2, 123456789, 1, 7, 1000, 3]
            assert frame.positions[:, 2].tolist() == [1, 2, 3, 4, 5, 6]
    for word in ("nan", "1e300"):
        path.write_text(frame_text(0, "id type x y z", [f"{word} 1 0 0 0", "1 1 0 0 0"]))
        for name in runnable_instructions():
            with pytest.raises(InputError, match=f"'{word}' where an integer is expected"):
                list(read_dump(path, columns=columns, instructions=name))
