"""Four-bit layers that compute the same way on every processor, in training and in serving.

On a CPU with avx512_bf16, bitsandbytes repacks a layer's weights at its first evaluation, for a
kernel of its own. That kernel rounds the scales and what goes in to bfloat16 whatever the settings
say, has no gradients, wants widths that are multiples of 32, and quantises the scales anew each
time the weights are unpacked, so that a layer once evaluated is no longer the layer that was
loaded. The way without it is the one that all other CPUs take: weights stay as they were read,
training goes through them, and putting LoRA weights on and off leaves scores as they were.
"""

from __future__ import annotations

import torch

__all__ = ["keep_as_read"]


def keep_as_read(model: torch.nn.Module) -> None:
    """Let no four-bit layer of a model be repacked for the processor it runs on.

    Parameters
    ----------
    model
        As it was loaded, before any evaluation.
    """
    from bitsandbytes.nn.modules import Linear4bit

    for layer in model.modules():
        if isinstance(layer, Linear4bit):
            layer.support_avx512bf16_for_cpu = False
