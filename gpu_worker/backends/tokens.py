"""Prompts as tokens: index letters, title cuts, text that is never a control token."""

from __future__ import annotations

from functools import lru_cache

from transformers import PreTrainedTokenizerBase

from cherryrec.cnle import Prompt
from gpu_worker.backends.letter_ids import letter_ids

__all__ = ["PromptTokens"]


class PromptTokens:
    """One tokenizer as CnLE uses it.

    Parameters
    ----------
    tokenizer
        Any of transformers' tokenizers.
    title_tokens
        Tokens a title may have.

    Raises
    ------
    ModelError
        An index letter is not a token of its own after the answer's cue.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, title_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._title_tokens = title_tokens
        self._start = _start_tokens(tokenizer)
        self.letter_ids = letter_ids(self._encode, tokenizer=tokenizer.name_or_path)
        self.pad_id = _pad_id(tokenizer)
        self.prefix_ids = lru_cache(maxsize=4_096)(self._prefix_ids)
        self._suffix_ids = lru_cache(maxsize=4_096)(self._encode)
        self.cut = lru_cache(maxsize=1 << 16)(self._cut)

    def suffix_ids(self, suffix: str) -> tuple[int, ...]:
        """Tokens of the part of a prompt that starts at its candidates."""
        return self._suffix_ids(suffix)

    def text_ids(self, text: str) -> tuple[int, ...]:
        """Tokens of any other text that continues one."""
        return self._encode(text)

    def n_tokens(self, prompt: Prompt) -> int:
        """Count the tokens of a prompt."""
        return len(self.prefix_ids(prompt.prefix)) + len(self.suffix_ids(prompt.suffix))

    def _prefix_ids(self, prefix: str) -> tuple[int, ...]:
        """Tokens of the part before the candidates, with the sequence's start if there is one."""
        return self._start + self._encode(prefix)

    def _encode(self, text: str) -> tuple[int, ...]:
        """Tokenise text as text: a control token spelled out in a title is just characters."""
        encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return tuple(encoded["input_ids"])

    def _cut(self, title: str) -> str:
        """Keep the characters of the first tokens."""
        ids = self._encode(title)
        if len(ids) <= self._title_tokens:
            return title
        # Half a character at the end decodes to U+FFFD, which no title needs.
        cut = self._tokenizer.decode(list(ids[: self._title_tokens]))
        return str(cut).rstrip("\ufffd").strip()


def _start_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Return what the tokenizer puts before every text: one start token, or nothing."""
    ids = tokenizer("a")["input_ids"]
    start = tokenizer.bos_token_id
    return (int(start),) if start is not None and ids[:1] == [start] else ()


def _pad_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return any token for padding: it is masked."""
    for token in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    return 0
