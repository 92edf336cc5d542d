"""Titles cut, prompts counted and made ready: by the servers' tokenizer, there or here.

The cut must be the model's own, or the same title is another text with each backend. The servers
have the tokenizer and are asked by default: once for each title, which all users share, and not at
all for one of so few bytes that it cannot have more tokens. The prompt goes to them as text. With a
copy of `tokenizer.json` here nothing is asked and the prompt goes as tokens, in which even a title
that spells a control token is only characters; a copy that is not the servers' is refused at load.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from cherryrec.cnle import Prompt
from cherryrec.errors import ModelError
from gpu_worker.backends.http.servers import Servers
from gpu_worker.backends.http.wire import parsed

__all__ = ["LocalTokens", "RemoteTokens", "Tokens"]

_TITLES = 1 << 16
_PARTS = 4_096
_BYTES_A_TOKEN = 3

_SAMPLE = 'Opened articles:\n- "Zürich: 3 % mehr — 東京 🙂 naïve co-op"\n\nWhich one? '
"""Tokenised here and there, to see that both are the same."""


class Tokens(Protocol):
    """A tokenizer as the backend uses it."""

    def cut(self, title: str) -> str:
        """Shorten a title to the tokens allowed."""
        ...

    def n_tokens(self, prompt: Prompt) -> int:
        """Count the tokens of a prompt, or estimate them."""
        ...

    def ready(self, prompt: Prompt) -> str | Sequence[int]:
        """Return what the servers are sent."""
        ...


class RemoteTokens:
    """The servers' tokenizer, asked over HTTP.

    Parameters
    ----------
    servers
        Whom to ask.
    model
        Its name there.
    title_tokens
        Tokens a title may have.
    """

    def __init__(self, servers: Servers, *, model: str, title_tokens: int) -> None:
        self._servers = servers
        self._model = model
        self._title_tokens = title_tokens
        self.cut = lru_cache(maxsize=_TITLES)(self._cut)

    def encode(self, text: str, *, special: bool = False) -> tuple[int, ...]:
        """Return the tokens of a text; `special` adds what the model's inputs begin with."""
        body = {"model": self._model, "prompt": text, "add_special_tokens": special}
        content = self._servers.run(self._servers.ask("/tokenize", body))
        return tuple(parsed(content, _Tokenized).tokens)

    def n_tokens(self, prompt: Prompt) -> int:
        """Estimate the tokens of a prompt at three bytes each, more than most texts have."""
        return -(-len(prompt.text.encode()) // _BYTES_A_TOKEN)

    def ready(self, prompt: Prompt) -> str:
        """Return the text: the servers tokenise it."""
        return prompt.text

    def _cut(self, title: str) -> str:
        """Keep the characters of the first tokens."""
        if len(title.encode()) <= self._title_tokens:
            return title
        ids = self.encode(title)
        if len(ids) <= self._title_tokens:
            return title
        body = {"model": self._model, "tokens": list(ids[: self._title_tokens])}
        said = parsed(self._servers.run(self._servers.ask("/detokenize", body)), _Detokenized)
        return _whole(said.prompt if said.text is None else said.text)


class LocalTokens:
    """A `tokenizer.json` here.

    Parameters
    ----------
    path
        The file, or its folder.
    start
        Tokens that the model's inputs begin with.
    title_tokens
        Tokens a title may have.

    Raises
    ------
    ModelError
        The file cannot be read.
    """

    def __init__(self, path: Path, *, start: Sequence[int], title_tokens: int) -> None:
        self._tokenizer = _tokenizer(path)
        self._start = tuple(start)
        self._title_tokens = title_tokens
        self.encode = lru_cache(maxsize=_PARTS)(self._encode)
        self.cut = lru_cache(maxsize=_TITLES)(self._cut)

    def require_equal(self, remote: RemoteTokens) -> None:
        """Raise a `ModelError` unless the servers' tokens of a sample are the same."""
        for text in (_SAMPLE, _SAMPLE.upper()):
            here, there = self._encode(text), remote.encode(text)
            if here != there:
                msg = (
                    "server_tokenizer must be the servers' own tokenizer, but for one sample it "
                    f"has {len(here)} tokens {here[:8]}…, theirs {len(there)} {there[:8]}…: copy "
                    "tokenizer.json from the servers' model, or leave the setting empty"
                )
                raise ModelError(msg)

    def n_tokens(self, prompt: Prompt) -> int:
        """Count the tokens of a prompt."""
        return len(self.ready(prompt))

    def ready(self, prompt: Prompt) -> tuple[int, ...]:
        """Return the tokens."""
        return self._start + self.encode(prompt.prefix) + self.encode(prompt.suffix)

    def _encode(self, text: str) -> tuple[int, ...]:
        """Tokenise text as text: a control token spelled out in a title is just characters."""
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _cut(self, title: str) -> str:
        """Keep the characters of the first tokens."""
        ids = self._encode(title)
        if len(ids) <= self._title_tokens:
            return title
        return _whole(self._tokenizer.decode(list(ids[: self._title_tokens])))


class _Tokenized(Struct):
    tokens: list[int]


class _Detokenized(Struct):
    """vLLM says `prompt`, SGLang `text`."""

    prompt: str = ""
    text: str | None = None


def _whole(text: str) -> str:
    """Drop half a character at the end, which decodes to U+FFFD."""
    return text.rstrip("\ufffd").strip()


def _tokenizer(path: Path) -> Any:
    """Read a tokenizer.json; without what it says of padding and of longest inputs."""
    from tokenizers import Tokenizer

    file = path.expanduser()
    file = file / "tokenizer.json" if file.is_dir() else file
    try:
        tokenizer = Tokenizer.from_file(str(file))
    # tokenizers raises plain Exception for whatever is wrong with a file.
    except Exception as error:
        msg = f"server_tokenizer must be a readable tokenizer.json, got {str(file)!r}: {error}"
        raise ModelError(msg) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer
