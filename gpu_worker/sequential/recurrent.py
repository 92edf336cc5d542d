"""Gated recurrent units over what was read, which begin with the first article of each row."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["Recurrent"]


class Recurrent(nn.Module):
    """One layer of gated units; padding in front of a row does not move its state.

    B sequences, L places, D numbers each.

    Parameters
    ----------
    n_hidden
        D, of what goes in and of the states.

    Examples
    --------
    A row has the states that it has without its padding:

    >>> units = Recurrent(2)
    >>> row = torch.tensor([[[9.0, 9.0], [1.0, 2.0], [3.0, 4.0]]])
    >>> padded = units(row, torch.tensor([[True, False, False]]))
    >>> alone = units(row[:, 1:], torch.tensor([[False, False]]))
    >>> bool(torch.allclose(padded[:, 1:], alone))
    True
    """

    def __init__(self, n_hidden: int) -> None:
        super().__init__()
        self.units = nn.GRU(n_hidden, n_hidden, batch_first=True)

    def forward(self, inputs: torch.Tensor, is_padding: torch.Tensor) -> torch.Tensor:
        """Return the state after each place, zero in the padding; inputs (B, L, D), (B, L, D)."""
        length = inputs.shape[1]
        n_before = is_padding.sum(dim=1, keepdim=True)  # (B, 1)
        places = torch.arange(length)
        moved = (places + n_before) % length  # (B, L): the padding goes behind
        states, _ = self.units(_taken(inputs, moved))  # (B, L, D)
        back = _taken(states, (places - n_before) % length)
        return back.masked_fill(is_padding[..., None], 0.0)


def _taken(rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Return the places of each row in another order; rows (B, L, D), places (B, L)."""
    return rows.gather(1, places[..., None].expand_as(rows))
