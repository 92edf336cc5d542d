"""A network that has learned something, with room for more articles."""

from __future__ import annotations

from collections.abc import Callable

import torch

from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.modules import SequenceModule

__all__ = ["grown", "optimiser_of"]

Make = Callable[[int, NetworkConfig], SequenceModule]


def optimiser_of(module: SequenceModule, config: NetworkConfig) -> torch.optim.AdamW:
    """Return AdamW over a network, having seen nothing."""
    return torch.optim.AdamW(
        module.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )


def grown(
    make: Make,
    config: NetworkConfig,
    module: SequenceModule,
    optimiser: torch.optim.AdamW,
    n_articles: int,
) -> tuple[SequenceModule, torch.optim.AdamW]:
    """Return the network and its optimiser over more articles, what was learned kept.

    New articles begin as in a new network, without moments.

    Parameters
    ----------
    make, config
        What the network was made by.
    module, optimiser
        Which have learned; left as they are.
    n_articles
        At least as many as before.
    """
    wider = make(n_articles, config)
    more = optimiser_of(wider, config)
    before = dict(module.named_parameters())
    first, after = module.n_articles, n_articles
    with torch.no_grad():
        for name, parameter in wider.named_parameters():
            old = before[name]
            _fill(parameter, old, first, after)
            state = optimiser.state.get(old)
            if state:
                moments = {"step": state["step"].clone()}
                for moment in ("exp_avg", "exp_avg_sq"):
                    moments[moment] = torch.zeros_like(parameter)
                    _fill(moments[moment], state[moment], first, after)
                more.state[parameter] = moments
    return wider, more


def _fill(wider: torch.Tensor, old: torch.Tensor, first: int, after: int) -> None:
    """Copy a tensor into a wider one of `after` articles, which had `first`.

    What comes after the articles (padding, the hidden place) stays at the end.
    """
    if wider.shape == old.shape:
        wider.copy_(old)
        return
    wider[:first] = old[:first]
    wider[after:] = old[first:]
