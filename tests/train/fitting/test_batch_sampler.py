"""The order of frames: all processes together see what one sees."""

from __future__ import annotations

from ipip.train.fitting.batch_sampler import SeededBatches


def batches(order: SeededBatches, epoch: int) -> list[list[int]]:
    order.epoch = epoch
    return list(order)


def test_an_epoch_has_each_frame_once_and_another_epoch_another_order() -> None:
    order = SeededBatches(11, 4, seed=3)
    first = batches(order, 0)
    assert len(first) == len(order) == 3 and [len(batch) for batch in first] == [4, 4, 3]
    assert sorted(index for batch in first for index in batch) == list(range(11))
    assert batches(order, 1) != first and batches(order, 0) == first
    assert batches(SeededBatches(11, 4, seed=4), 0) != first


def test_processes_share_each_batch_and_padding_fills_the_rest() -> None:
    whole = batches(SeededBatches(9, 4, seed=3), 2)
    shares = [batches(SeededBatches(9, 4, seed=3, rank=r, processes=3), 2) for r in range(3)]
    for number, batch in enumerate(whole):
        parts = [share[number] for share in shares]
        assert all(parts)
        assert sorted(index for part in parts for index in part if index >= 0) == sorted(batch)
    assert sum(index < 0 for share in shares for index in share[-1]) == 2


def test_a_start_within_an_epoch_skips_there_and_nowhere_else() -> None:
    order = SeededBatches(11, 4, seed=3)
    second, third = batches(order, 1), batches(order, 2)
    order.start_at(1, 2)
    assert list(order) == second[2:] and len(order) == 3
    assert batches(order, 2) == third
