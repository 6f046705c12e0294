"""Ranks are mapped to devices by their place on the node; refusals give the reason."""

from __future__ import annotations

import pytest

from ipip import _core


def devices(request: str, ranks: int, gpus: int, share: bool = False) -> list[str]:
    """Device of each rank of one node."""
    return [_core.place_rank(request, rank, ranks, gpus, share) for rank in range(ranks)]


@pytest.mark.parametrize(
    ("request_", "ranks", "gpus", "share", "expected"),
    [
        ("cpu", 3, 2, False, ["cpu"] * 3),
        ("auto", 3, 0, False, ["cpu"] * 3),
        ("emulate", 3, 2, False, ["emulate"] * 3),
        ("auto", 2, 4, False, ["cuda:0", "cuda:1"]),
        ("cuda", 4, 4, False, ["cuda:0", "cuda:1", "cuda:2", "cuda:3"]),
        ("cuda", 5, 2, True, ["cuda:0", "cuda:1", "cuda:0", "cuda:1", "cuda:0"]),
        ("auto", 3, 1, True, ["cuda:0"] * 3),
        ("cuda:2", 1, 3, False, ["cuda:2"]),
        ("cuda:1", 3, 2, True, ["cuda:1"] * 3),
    ],
)
def test_ranks_take_the_gpus_of_their_node_in_turn(
    request_: str, ranks: int, gpus: int, share: bool, expected: list[str]
) -> None:
    assert devices(request_, ranks, gpus, share) == expected


@pytest.mark.parametrize("request_", ["auto", "cuda"])
def test_more_ranks_than_gpus_need_leave(request_: str) -> None:
    with pytest.raises(
        _core.CoreError,
        match="5 ranks on a node would share 2 GPUs: start at most 2 ranks on each node, or allow "
        "it with `share yes`",
    ):
        devices(request_, 5, 2)
    with pytest.raises(_core.CoreError, match="2 ranks on a node would share 1 GPU: start at most"):
        devices("cuda:0", 2, 2)


def test_a_missing_gpu_is_refused() -> None:
    with pytest.raises(_core.CoreError, match="device is cuda:2, but 2 GPUs are visible here"):
        _core.place_rank("cuda:2", 0, 1, 2)
    with pytest.raises(_core.CoreError, match="device is cuda, but no GPU is visible here"):
        _core.place_rank("cuda", 0, 1, 0)
    with pytest.raises(_core.CoreError, match="device is cuda, but the moon is in the way"):
        _core.place_rank("cuda", 0, 1, 0, why_never="the moon is in the way")


def test_backends_say_why_they_never_see_a_gpu() -> None:
    for name in ("kernels", "fused", "auto"):
        gpus, reason = _core.visible_gpus(name)
        assert gpus > 0 or not reason or "libipip_cuda.so cannot be loaded" in reason
    gpus, reason = _core.visible_gpus("torchscript")
    assert gpus > 0 or not reason or "libtorch was built without CUDA: install a" in reason
    with pytest.raises(_core.CoreError, match="backend is magic, expected auto, kernels or"):
        _core.visible_gpus("magic")


@pytest.mark.parametrize("text", ["tpu", "cuda:", "cuda:x", "cuda:-1", "cuda:12345", "CPU", ""])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(_core.CoreError, match="expected auto, cpu, cuda, cuda:N or emulate"):
        _core.place_rank(text, 0, 1, 1)
