"""Blocks that end since nothing is left for them are idle as a whole; those that start stay."""

from ipip.execution.idle_blocks import idle_blocks


def node(block, idle, tasks=0, active=True):
    return {"block_id": block, "idle_duration": idle, "tasks": tasks, "active": active}


def test_the_longest_idle_blocks_come_first_and_those_of_a_busy_node_not_at_all():
    nodes = [node("0", 130), node("1", 500), node("1", 200), node("2", 500), node("2", 0, tasks=1)]
    nodes += [node("3", 60), node("4", 900, active=False)]
    assert idle_blocks(nodes, 120) == ["1", "0"]


def test_a_block_whose_workers_have_not_come_is_not_idle():
    assert idle_blocks([], 120) == []
