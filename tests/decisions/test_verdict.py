"""The verdict claims what its intervals support, and no more."""

from ipip.decisions.verdict import Comparison, StudentFigures, describe_verdict

CLEAR = Comparison(0.35, 0.44, (-0.12, -0.05))
UNCLEAR = Comparison(0.43, 0.44, (-0.03, 0.02))
WORSE = Comparison(0.55, 0.44, (0.05, 0.15))
UNTESTED = Comparison(0.35, 0.44, None, "1 trajectory is too few for an interval (at least 6)")


def test_the_verdict_claims_nothing_from_one_trajectory():
    text = describe_verdict(StudentFigures(1, 0, 8), UNTESTED, UNTESTED, (2, 8), rounds=2)
    assert "beats" not in text and "helped:" not in text
    assert text.startswith(
        "On held-out forces the student of round 1 and the teacher have 0.350 against 0.440 eV/Å, "
        "-20 %: whether this is chance is undetermined, 1 trajectory is too few for an interval "
        "(at least 6). Whether iterating improved accuracy is also undetermined: round 1 against "
        "round 0"
    )


def test_the_verdict_says_better_only_where_the_interval_does():
    student = StudentFigures(2, 0, 8)
    assert "beats the teacher" in describe_verdict(student, CLEAR, CLEAR, (3, 8), 3)
    unclear = describe_verdict(student, UNCLEAR, UNCLEAR, (3, 8), 3)
    assert "not distinguishable" in unclear and "is unclear" in unclear
    worse = describe_verdict(student, WORSE, WORSE, (3, 8), 3)
    assert "worse than the teacher" in worse and "cost accuracy" in worse
    assert "0 of 8 stability runs failed (round 0: 3 of 8)" in worse


def test_the_verdict_admits_that_iterating_did_not_help():
    text = describe_verdict(StudentFigures(0, 1, 8), CLEAR, None, None, 3)
    assert "no better student than pretraining once" in text
    assert "terating" not in describe_verdict(StudentFigures(0, 1, 8), CLEAR, None, None, 1)
