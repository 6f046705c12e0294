"""What differs between two records of settings."""

from ipip.config.comparison import compare_settings, describe_differences


def told(before, after, ignored=()):
    return [str(entry) for entry in compare_settings(before, after, ignored)]


def test_differences_are_listed_by_key():
    before = {"a": {"b": 1, "c": [1, 2]}, "d": 0}
    after = {"a": {"b": 2, "c": [1, 3]}, "d": 0}
    assert told(before, after) == ["a.b: 1 -> 2", "a.c[1]: 2 -> 3"]
    assert told({"a": [1]}, {"a": [1, 2]}) == ["a: [1] -> [1, 2]"]
    assert told({"a": 1}, {"b": 1}) == ["a: 1 -> None", "b: None -> 1"]


def test_keys_that_do_not_matter_are_left_out_with_all_below_them():
    before = {"a": {"b": 1, "c": {"d": 2}}, "e": [{"f": 3, "g": 4}]}
    after = {"a": {"b": 9}, "e": [{"f": 9, "g": 9}]}
    assert told(before, after, {"a.b", "a.c", "e[0].f"}) == ["e[0].g: 4 -> 9"]
    assert told(before, after, {"a", "e"}) == []


def test_a_record_may_call_a_backend_by_its_old_name():
    assert told({"kernels": "fused"}, {"kernels": "kernels"}) == []
    assert told({"kernels": "fused"}, {"kernels": "eager"}) == ["kernels: 'fused' -> 'eager'"]


def test_only_the_first_differences_are_listed_with_the_number_of_the_others():
    differences = compare_settings({str(k): 0 for k in range(6)}, {})
    text = describe_differences(differences)
    assert text.startswith("0: 0 -> None; 1: ") and text.endswith("; and 2 more")
    assert describe_differences([]) == ""
