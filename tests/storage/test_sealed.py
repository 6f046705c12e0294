"""Records that carry a digest of themselves."""

import json
import random

import pytest

from ipip.storage.sealed import DamagedError, open_sealed, read_sealed, sealed_text

RECORD = {"name": "alloy", "force": 0.1 + 0.2, "pair": (1, 2), 3: None, "far": float("inf")}


def test_a_sealed_record_is_read_back_as_json_gives_it():
    found = open_sealed(sealed_text(RECORD))
    assert found == json.loads(json.dumps(RECORD))


def test_no_flipped_bit_changes_a_value_unnoticed():
    text = sealed_text(RECORD).encode()
    known = open_sealed(text)
    rng = random.Random(5)
    for _ in range(400):
        changed = bytearray(text)
        changed[rng.randrange(len(text))] ^= 1 << rng.randrange(8)
        try:
            assert open_sealed(bytes(changed)) == known  # white space
        except DamagedError:
            continue


def test_faults_are_reported_with_the_file(tmp_path):
    path = tmp_path / "record.json"
    for text, reason in (
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5000, "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no seal"),
        (sealed_text({"a": 1}).replace("1", "2", 1), "does not match its seal"),
    ):
        path.write_text(text)
        with pytest.raises(DamagedError, match=rf"record.json is damaged: .*{reason}"):
            read_sealed(path)


def test_unsealed_records_are_accepted_only_in_their_old_form():
    def older(plain):
        return set(plain) == {"a"}

    assert open_sealed('{"a": 1}', older) == {"a": 1}
    with pytest.raises(DamagedError, match="no seal"):
        open_sealed(sealed_text({"a": 1}).replace("seal", "teal"), older)
