"""The messages between ipip and a teacher's process."""

import io

import numpy as np
import pytest

from ipip.teacher_program.messages import pack, unpack


def _read(data: bytes):
    stream = io.BytesIO(data)

    def exactly(count: int) -> bytes:
        found = stream.read(count)
        if len(found) < count:
            raise EOFError
        return found

    return exactly


def test_a_message_survives_the_pipe():
    arrays = {"a": np.arange(6.0).reshape(2, 3).T, "b": np.float64(np.nan), "c": np.zeros((0, 3))}
    header, found = unpack(_read(pack({"verb": "label", "text": "Å"}, arrays)))
    assert header == {"verb": "label", "text": "Å"}
    assert found["a"].shape == (3, 2) and found["c"].shape == (0, 3)
    np.testing.assert_array_equal(found["a"], arrays["a"])
    assert np.isnan(found["b"])


def test_a_cut_off_message_is_the_end_of_the_stream():
    message = pack({"verb": "label"}, {"a": np.zeros(10)})
    for length in (0, 5, 20, len(message) - 1):
        with pytest.raises(EOFError):
            unpack(_read(message[:length]))


def test_text_that_is_not_a_message_is_refused():
    with pytest.raises(ValueError, match="not a message"):
        unpack(_read(b"Welcome to the library! Enjoy your stay."))
