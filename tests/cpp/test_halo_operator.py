"""`ipip::halo_exchange`: the identity without halo rows, else a linear map with its adjoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ipip.native import core as _core
from ipip.native import load_operators

load_operators()
OWNERS = [1, 1, 3]


def exchange(x: Tensor) -> Tensor:
    return torch.ops.ipip.halo_exchange(x)


def table(rows: int = 4) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    shape = (rows, 2, 3)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_(True)


def test_it_is_the_identity_without_an_exchanger() -> None:
    x = table()
    torch.testing.assert_close(exchange(x), x, rtol=0, atol=0)
    assert torch.autograd.gradcheck(lambda t: exchange(t) ** 3, (x,))
    assert torch.autograd.gradgradcheck(lambda t: exchange(t) ** 3, (x,))


def test_halo_rows_equal_their_owners() -> None:
    x = table()
    with _core.GatherHalo(4, OWNERS):
        y = exchange(x)
    torch.testing.assert_close(y[:4], x, rtol=0, atol=0)
    torch.testing.assert_close(y[4:], x[OWNERS], rtol=0, atol=0)
    assert exchange(x).shape == x.shape


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_backward_is_the_adjoint(dtype: torch.dtype) -> None:
    x = table().detach().to(dtype).requires_grad_(True)
    y = table(7).detach().to(dtype)
    with _core.GatherHalo(4, OWNERS):
        hx = exchange(x)
    (hty,) = torch.autograd.grad(hx, x, y)  # the graph remembers its exchanger
    torch.testing.assert_close((hx * y).sum(), (x * hty).sum())


def test_derivatives_of_any_order_are_right_with_halo_rows() -> None:
    with _core.GatherHalo(4, OWNERS):
        assert torch.autograd.gradcheck(lambda t: exchange(t) ** 3, (table(),))
        assert torch.autograd.gradgradcheck(lambda t: exchange(t) ** 3, (table(),))


class TwoLayers(nn.Module):
    """Calls the operator twice."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.ipip.halo_exchange(torch.ops.ipip.halo_exchange(x) * 2.0)


def test_torchscript_keeps_it(tmp_path: Path) -> None:
    torch.jit.script(TwoLayers()).save(str(tmp_path / "two.pt"))
    loaded = torch.jit.load(str(tmp_path / "two.pt"))
    x = table()
    for _ in range(3):  # the interpreter changes its executor after the first calls
        torch.testing.assert_close(loaded(x), 2 * x)
        assert torch.autograd.gradgradcheck(lambda t: loaded(t) ** 3, (x,))


def test_a_table_of_another_height_is_refused() -> None:
    with (
        _core.GatherHalo(3, [0]),
        pytest.raises(RuntimeError, match=r"expected 3 rows, got a tensor of shape \[4, 2, 3\]"),
    ):
        exchange(table())


def test_an_owner_must_be_a_local_row() -> None:
    with pytest.raises(_core.CoreError, match="owner row 5 is not one of the 2 local rows"):
        _core.GatherHalo(2, [5])


def test_no_rows_at_all() -> None:
    with _core.GatherHalo(0, []):
        assert exchange(torch.zeros(0, 4)).shape == (0, 4)
