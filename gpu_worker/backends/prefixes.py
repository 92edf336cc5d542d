"""Keys and values of prompt prefixes that were just computed, newest kept, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

__all__ = ["PrefixCache"]

_Layers = tuple[tuple[torch.Tensor, torch.Tensor], ...]


class PrefixCache:
    """Remembers what a model computed for a prefix, so that it is computed once.

    Parameters
    ----------
    max_bytes
        Bound on the tensors held; 0 remembers nothing.
    """

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[tuple[int, ...], _Layers] = OrderedDict()
        self.n_bytes = 0
        self.n_hits = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, ids: tuple[int, ...]) -> DynamicCache | None:
        """Return a cache of its own that starts after the prefix; None if it is not known."""
        layers = self._entries.get(ids)
        if layers is None:
            return None
        self._entries.move_to_end(ids)
        self.n_hits += 1
        # Going on concatenates into new tensors: what is held here is never written to.
        return DynamicCache(layers)

    def clear(self) -> None:
        """Forget everything: the model is another one now."""
        self._entries.clear()
        self.n_bytes = 0

    def put(self, ids: tuple[int, ...], computed: DynamicCache) -> None:
        """Remember a prefix; the least recently used leave."""
        plain = [layer for layer in computed.layers if isinstance(layer, DynamicLayer)]
        layers = tuple((_filled(one.keys), _filled(one.values)) for one in plain)
        size = _size(layers)
        if size > self._max_bytes or ids in self._entries:
            return
        self._entries[ids] = layers
        self.n_bytes += size
        while self.n_bytes > self._max_bytes:
            _, oldest = self._entries.popitem(last=False)
            self.n_bytes -= _size(oldest)


def _filled(tensor: torch.Tensor | None) -> torch.Tensor:
    """Return the tensor of a layer that has been computed."""
    assert tensor is not None, "a forward pass fills every layer"
    return tensor


def _size(layers: _Layers) -> int:
    """Bytes of the tensors."""
    return sum(keys.nbytes + values.nbytes for keys, values in layers)
