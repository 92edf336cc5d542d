"""A causal language model that reads titles after a text which it has read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from gpu_worker.backends.loading import Base
from gpu_worker.backends.tokens import PromptTokens

__all__ = ["Beginning", "TitleModel"]

_AT_ONCE = 40  # continuations in one pass


@dataclass(frozen=True, slots=True)
class Beginning:
    """Keys and values of a text, (1, heads, T, d) of each layer, and its last state, (D,)."""

    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    last: torch.Tensor


class TitleModel:
    """Likelihoods of continuations, and texts that are written.

    States are in the model's precision, logits in float32: a bfloat16 output layer rounds them to
    steps of an eighth. V tokens, D a state's length, T tokens of a text.

    Parameters
    ----------
    base
        The model, in evaluation mode, and its tokenizer.
    title_tokens
        Tokens of a title that are read.
    """

    def __init__(self, base: Base, *, title_tokens: int) -> None:
        self._model = base.model
        self._tokens = PromptTokens(base.tokenizer, title_tokens=title_tokens)
        self._tokenizer = base.tokenizer
        self._decoder = base.model.get_decoder()  # type: ignore[no-untyped-call]
        head = base.model.get_output_embeddings()  # type: ignore[no-untyped-call]
        self._head: torch.Tensor = head.weight.detach().float()  # (V, D)

    @property
    def batch_size(self) -> int:
        """Texts that are written at once: one on a CPU, where padding costs more than it gains."""
        return 1 if self._model.device.type == "cpu" else 16

    def cut(self, title: str) -> str:
        """Shorten a title to the tokens that are read."""
        return self._tokens.cut(title)

    def token(self, text: str) -> int:
        """Return the first token of a text that goes on."""
        return self._tokens.text_ids(text)[0]

    @torch.inference_mode()
    def begin(self, text: str) -> Beginning:
        """Read a text once, for all that goes on from it."""
        cache = DynamicCache()
        ids = torch.tensor([self._tokens.prefix_ids(text)], device=self._model.device)  # (1, T)
        states = self._decoder(input_ids=ids, past_key_values=cache, use_cache=True)
        layers = []
        for layer in cache.layers:
            assert isinstance(layer, DynamicLayer), "plain layers, nothing slides out of them"
            assert layer.keys is not None, "a pass fills every layer"
            assert layer.values is not None, "a pass fills every layer"
            layers.append((layer.keys, layer.values))
        return Beginning(tuple(layers), states.last_hidden_state[0, -1].float())

    @torch.inference_mode()
    def next_logits(
        self, beginning: Beginning, texts: Sequence[str], tokens: Sequence[int]
    ) -> torch.Tensor:
        """Return the logits of some tokens after each text that goes on, (n, tokens)."""
        rows = self._head[list(tokens)]  # (tokens, D)
        found = []
        for ids, states in self._read(beginning, texts):
            places = torch.tensor([len(row) - 1 for row in ids])  # (B,)
            last = states[torch.arange(len(ids)), places]  # (B, D)
            found.append(last @ rows.T)
        return torch.cat(found).cpu()

    @torch.inference_mode()
    def mean_log_likelihoods(self, beginning: Beginning, texts: Sequence[str]) -> torch.Tensor:
        """Return the mean log-probability of each text's tokens after the beginning, (n,)."""
        found: list[torch.Tensor] = []
        for ids, states in self._read(beginning, texts):
            first = beginning.last.expand(len(ids), 1, -1)  # (B, 1, D)
            before = torch.cat([first, states[:, :-1]], dim=1)  # (B, T, D)
            lengths = [len(row) for row in ids]
            used = torch.cat([mine[:n] for mine, n in zip(before, lengths, strict=True)])  # (N, D)
            wanted = torch.tensor([one for row in ids for one in row], device=used.device)  # (N,)
            losses = functional.cross_entropy(used @ self._head.T, wanted, reduction="none")
            found += [-mine.mean() for mine in torch.split(losses, lengths)]
        return torch.stack(found).cpu()

    @torch.inference_mode()
    def write(self, texts: Sequence[str], *, n: int, max_tokens: int) -> list[list[str]]:
        """Return the n most likely lines that go on from each text, by beam search, best first.

        Several texts are padded in front; in low precision what is written may depend on which
        others are asked with it.
        """
        rows = [self._tokens.prefix_ids(text) for text in texts]
        longest = max(map(len, rows))
        pads = [longest - len(row) for row in rows]
        padded = [(self._tokens.pad_id,) * pad + row for pad, row in zip(pads, rows, strict=True)]
        mask = [[0] * pad + [1] * (longest - pad) for pad in pads]
        ends = {self.token("\n"), self._tokenizer.eos_token_id} - {None}
        written = self._model.generate(  # type: ignore[operator]
            input_ids=torch.tensor(padded, device=self._model.device),  # (B, T)
            attention_mask=torch.tensor(mask, device=self._model.device),
            num_beams=n,
            num_return_sequences=n,
            max_new_tokens=max_tokens,
            do_sample=False,
            early_stopping=True,
            eos_token_id=sorted(ends),
            pad_token_id=self._tokens.pad_id,
        )
        lines = self._tokenizer.batch_decode(written[:, longest:], skip_special_tokens=True)
        found = [line.strip() for line in lines]
        return [found[first : first + n] for first in range(0, len(found), n)]

    def _read(
        self, beginning: Beginning, texts: Sequence[str]
    ) -> list[tuple[list[tuple[int, ...]], torch.Tensor]]:
        """Return tokens and float32 states (B, T, D) of texts that go on, some at a time.

        Shorter rows are padded behind, where nothing that counts can see it.
        """
        found = []
        for first in range(0, len(texts), _AT_ONCE):
            ids = [self._tokens.text_ids(text) for text in texts[first : first + _AT_ONCE]]
            longest = max(map(len, ids))
            padded = [row + (self._tokens.pad_id,) * (longest - len(row)) for row in ids]
            cache = DynamicCache(
                tuple(
                    (keys.expand(len(ids), -1, -1, -1), values.expand(len(ids), -1, -1, -1))
                    for keys, values in beginning.layers
                )
            )
            states = self._decoder(
                input_ids=torch.tensor(padded, device=self._model.device),
                past_key_values=cache,
                use_cache=True,
            )
            found.append((ids, states.last_hidden_state.float()))
        return found
