"""Any causal language model of transformers as a backend: one forward pass, no generation.

References
----------
Yue et al. (2023), LlamaRec: Two-Stage Recommendation using Large Language Models for Ranking,
https://arxiv.org/abs/2311.02089 (a verbalizer over index letters instead of generated text).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from cherryrec.cnle import Prompt
from cherryrec.errors import ModelError
from gpu_worker.backends.letter_head import LetterHead
from gpu_worker.backends.lora_layers import LoraLayers
from gpu_worker.backends.prefixes import PrefixCache
from gpu_worker.backends.probe import require_letters
from gpu_worker.backends.protocol import LetterScores, Verdict
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.lora import LoraWeights

__all__ = ["CausalLM"]

_Ids = tuple[int, ...]
_GPU_BATCH_SIZE = 32


class CausalLM:
    """Scores the index letters by their logits at a prompt's last position.

    One prompt alone goes in two steps, prefix and then candidates, so that a prefix seen before
    is not computed again; with or without such luck the arithmetic is the same, and so is the
    score. Several prompts are padded on the left and go in one step; in low precision their
    scores depend on the batch in the last digits.

    Parameters
    ----------
    model
        In evaluation mode, on its device.
    tokenizer
        The model's.
    name, version
        See `Backend`.
    title_tokens
        Tokens a title may have.
    prefix_cache_bytes
        Bound of the remembered prefixes; 0 turns them off.
    merges_lora
        Whether LoRA weights are added into copies of the layers they tune.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        name: str,
        version: str,
        title_tokens: int = 32,
        prefix_cache_bytes: int = 0,
        merges_lora: bool = True,
    ) -> None:
        self._model = model
        self._tokens = PromptTokens(tokenizer, title_tokens=title_tokens)
        self._head = LetterHead(model, self._tokens.letter_ids)
        self._max_tokens = int(getattr(model.config, "max_position_embeddings", 0)) or 1 << 30
        self._name = name
        self._version = version
        self._lora: LoraWeights | None = None
        self._layers = LoraLayers(model, base=name, merge=merges_lora)
        self.prefixes = PrefixCache(max_bytes=prefix_cache_bytes)

    @property
    def name(self) -> str:
        """The checkpoint."""
        return self._name

    @property
    def version(self) -> str:
        """Checkpoint, arithmetic, and LoRA weights."""
        return self._version + (self._lora.mark if self._lora else "")

    @property
    def base(self) -> str:
        """The checkpoint without folders or organisation."""
        return self._layers.base

    @property
    def batch_size(self) -> int:
        """One on a CPU, where padding costs more than a batch gains."""
        return 1 if self._model.device.type == "cpu" else _GPU_BATCH_SIZE

    def cut(self, title: str) -> str:
        """Shorten a title to the tokens allowed."""
        return self._tokens.cut(title)

    def n_tokens(self, prompt: Prompt) -> int:
        """Count the tokens of a prompt."""
        return self._tokens.n_tokens(prompt)

    def evaluate(self, prompts: Sequence[Prompt]) -> list[Verdict]:
        """Judge a batch, by the batch law; halves it when the device is out of memory."""
        verdicts: list[Verdict] = []
        fitting: list[tuple[int, _Ids, _Ids]] = []
        for place, prompt in enumerate(prompts):
            prefix = self._tokens.prefix_ids(prompt.prefix)
            suffix = self._tokens.suffix_ids(prompt.suffix)
            n_tokens = len(prefix) + len(suffix)
            verdicts.append(_too_long(n_tokens, self._max_tokens))
            if n_tokens <= self._max_tokens:
                fitting.append((place, prefix, suffix))
        for (place, prefix, suffix), logits in zip(fitting, self._logits(fitting), strict=True):
            n_letters = prompts[place].n_letters
            verdicts[place] = (
                logits
                if isinstance(logits, Exception)
                else _scores(logits[:n_letters], len(prefix) + len(suffix))
            )
        return verdicts

    def take_lora(self, weights: LoraWeights | None) -> None:
        """Put other LoRA weights on, or none; try them before they stay."""
        before = self._layers.install({} if weights is None else self._layers.fitted(weights))
        self._renew()
        try:
            require_letters(self)
        except Exception:
            self._layers.install(before)
            self._renew()
            raise
        self._lora = weights

    def _renew(self) -> None:
        """Forget what was computed by other weights."""
        self._head = LetterHead(self._model, self._tokens.letter_ids)
        self.prefixes.clear()

    def _logits(self, batch: Sequence[tuple[int, _Ids, _Ids]]) -> list[torch.Tensor | Exception]:
        """Letter logits of each prompt, (L,), in parts as large as memory allows."""
        if not batch:
            return []
        try:
            with torch.inference_mode():
                if len(batch) == 1:
                    return [self._one(batch[0][1], batch[0][2])]
                return list(self._padded([prefix + suffix for _, prefix, suffix in batch]))
        except torch.OutOfMemoryError as error:
            if len(batch) == 1:
                tokens = len(batch[0][1]) + len(batch[0][2])
                return [ModelError(f"out of memory on one prompt of {tokens} tokens: {error}")]
        middle = len(batch) // 2
        return self._logits(batch[:middle]) + self._logits(batch[middle:])

    def _one(self, prefix: _Ids, suffix: _Ids) -> torch.Tensor:
        """Letter logits of one prompt, (L,), from its prefix's keys and values."""
        known = self.prefixes.get(prefix)
        if known is None:
            known = DynamicCache()
            self._head.logits([prefix], past_key_values=known, use_cache=True)
            self.prefixes.put(prefix, known)
        return self._head.logits([suffix], past_key_values=known, use_cache=True)[0]

    def _padded(self, rows: Sequence[_Ids]) -> torch.Tensor:
        """Letter logits of several prompts, (B, L), padded on the left to the longest."""
        longest = max(len(row) for row in rows)
        pads = [longest - len(row) for row in rows]
        ids = [(self._tokens.pad_id,) * pad + row for pad, row in zip(pads, rows, strict=True)]
        mask = torch.ones(len(rows), longest, dtype=torch.long)  # (B, T)
        for place, pad in enumerate(pads):
            mask[place, :pad] = 0
        positions = (mask.cumsum(dim=1) - 1).clamp(min=0)  # (B, T)
        return self._head.logits(
            ids,
            attention_mask=mask.to(self._model.device),
            position_ids=positions.to(self._model.device),
            use_cache=False,
        )


def _scores(logits: torch.Tensor, n_tokens: int) -> Verdict:
    """Refuse logits that are not finite; they must not reach a score."""
    if not bool(torch.isfinite(logits).all()):
        return ModelError("the model's letter logits are not finite: try dtype 'float32'")
    return LetterScores(logits=logits.numpy(), n_tokens=n_tokens)


def _too_long(n_tokens: int, most: int) -> Exception:
    """Return the verdict on a prompt that the model has no positions for."""
    return ModelError(f"prompt must have at most {most} tokens for this model, got {n_tokens}")
