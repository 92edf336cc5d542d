"""The softmax over all articles against PyTorch's own, and dropout by bytes."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from gpu_worker.sequential.dropout import Dropout  # noqa: E402
from gpu_worker.sequential.losses import softmax_loss  # noqa: E402


@pytest.mark.parametrize("has_bias", [False, True])
def test_loss_and_gradients_are_those_of_the_scores_softmax(has_bias: bool) -> None:
    torch.manual_seed(0)
    states = torch.randn(7, 5, requires_grad=True)
    articles = torch.randn(11, 5, requires_grad=True)
    bias = torch.randn(11, requires_grad=True) if has_bias else None
    wanted = torch.tensor([0, 3, 3, 10, 9, 1, 3])
    by = (states, articles) if bias is None else (states, articles, bias)
    scores = states @ articles.T if bias is None else states @ articles.T + bias

    ours = softmax_loss(states, articles, wanted, bias=bias)
    theirs = torch.nn.functional.cross_entropy(scores, wanted)

    assert torch.allclose(ours, theirs)
    for one, other in zip(
        torch.autograd.grad(3 * ours, by), torch.autograd.grad(3 * theirs, by), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-6)


def test_scores_beyond_what_a_power_can_hold_give_a_finite_loss() -> None:
    states = torch.tensor([[1000.0], [-1000.0]])

    loss = softmax_loss(states, torch.tensor([[1.0], [-1.0]]), torch.tensor([0, 0]))

    assert loss.item() == pytest.approx(1000.0)


def test_dropout_drops_its_share_in_training_alone() -> None:
    torch.manual_seed(0)
    drop = Dropout(0.25)
    h = torch.ones(100, 1000)

    dropped = drop(h)

    assert (dropped == 0.0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert dropped.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    rows = (dropped == 0.0).float().mean(dim=1)
    assert rows.std().item() == pytest.approx((0.25 * 0.75 / 1000) ** 0.5, rel=0.2)
    assert torch.equal(drop.eval()(h), h)
    assert torch.equal(Dropout(0.0)(h), h)
