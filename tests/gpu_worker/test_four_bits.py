"""Four-bit layers compute in one way, also where bitsandbytes has another for the processor."""

from __future__ import annotations

import warnings

import pytest
import torch

from gpu_worker.backends.four_bits import keep_as_read

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # bitsandbytes' import of torch.jit
    from bitsandbytes.nn import Linear4bit


@pytest.fixture
def layer() -> torch.nn.Module:
    """A layer as bitsandbytes builds it on a processor with avx512_bf16, whatever this one is."""
    torch.manual_seed(0)
    layer = Linear4bit(64, 48, quant_type="nf4", compress_statistics=True).to("cpu")
    layer.support_avx512bf16_for_cpu = True
    return torch.nn.Sequential(layer)


def test_an_evaluation_leaves_the_weights_as_they_were_read(layer: torch.nn.Module) -> None:
    keep_as_read(layer)
    before = layer[0].weight.data.clone(), layer[0].weight.quant_state.absmax.clone()

    with torch.no_grad():
        layer.train(False)(torch.ones(1, 64))

    assert torch.equal(layer[0].weight.data, before[0])
    assert torch.equal(layer[0].weight.quant_state.absmax, before[1])


def test_training_goes_on_after_an_evaluation(layer: torch.nn.Module) -> None:
    keep_as_read(layer)
    with torch.no_grad():
        before = layer.train(False)(torch.ones(1, 64))

    given = torch.ones(1, 64, requires_grad=True)
    layer.train(True)(given).sum().backward()

    assert given.grad is not None
    assert bool(given.grad.any())
    with torch.no_grad():
        assert torch.equal(layer.train(False)(torch.ones(1, 64)), before)
