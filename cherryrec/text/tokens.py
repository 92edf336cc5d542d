"""Titles by what their words mean: the mean of vectors that a language model left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled
from cherryrec.errors import ConfigError
from cherryrec.text.hashed import MAX_CHARACTERS
from cherryrec.text.spelling import composed

__all__ = ["TOKEN_VECTORS", "TokenVectors", "load_token_vectors"]

TOKEN_VECTORS = ("none", "wordllama")
"""Names of sets of token vectors."""

_REMEMBERED_WORDS, _REMEMBERED_LENGTH = 16_384, 24  # words of that length at most


@dataclass(frozen=True, slots=True, eq=False)
class TokenVectors:
    """Embeds a title as the mean of its tokens' vectors, at unit length.

    A token's vector is the same in every title: a table, no network to run. Titles are alike when
    their words are used alike, though they share none. A token that says little has a short
    vector, so the plain mean weighs by meaning. Case stays: the table has vectors for it.

    Parameters
    ----------
    table
        float32 (V, D), a vector for each token.
    tokens_of
        Gives the tokens of one word, by their number in the table.

    References
    ----------
    Miller (2024), WordLlama: Recycled Token Embeddings from Large Language Models,
    https://github.com/dleemiller/wordllama

    Examples
    --------
    >>> vectors = load_token_vectors("wordllama")
    >>> titles = ("Storm hits coast", "Hurricane nears shore", "Parliament cuts taxes")
    >>> storm, hurricane, tax = (vectors.embed(title) for title in titles)
    >>> bool(storm @ hurricane > storm @ tax + 0.2)  # not a word in common
    True
    >>> round(float(storm @ storm), 3), vectors.n_dimensions
    (1.0, 256)
    """

    table: NDArray[np.float32]
    tokens_of: Callable[[str], Sequence[int]]

    @property
    def n_dimensions(self) -> int:
        """Length of a vector."""
        return len(self.table[0])

    def embed(self, title: str) -> NDArray[np.float32]:
        """Return one unit vector; a zero vector for a title of which no token has a meaning.

        Parameters
        ----------
        title
            The headline; its first 512 characters are read.

        Returns
        -------
        float32 (D,)
        """
        vector = np.zeros(self.n_dimensions, np.float32)
        tokens: list[int] = []
        for word in composed(title[:MAX_CHARACTERS]).split():
            tokens += self.tokens_of(word)
        if tokens:
            _add_mean(vector, self.table, np.array(tokens, np.int64))
        return vector


@compiled
def _add_mean(
    vector: NDArray[np.float32], table: NDArray[np.float32], tokens: NDArray[np.int64]
) -> None:
    """Write the unit vector along the tokens' mean; summed in order, the same on any machine."""
    sums = np.zeros(len(vector))
    for token in tokens:
        for k in range(len(vector)):
            sums[k] += table[token, k]
    length = np.sqrt(np.sum(sums * sums))
    if length > 0.0:
        for k in range(len(vector)):
            vector[k] = sums[k] / length


@cache
def load_token_vectors(name: str) -> TokenVectors | None:
    """Return the vectors of a name, read once a process; None for "none", which reads nothing.

    The two files in wordllama's wheel are read, and its code is not imported: that would set up
    the process's logging, and would fetch the tokenizer, whose folder it misspells, by network.

    Raises
    ------
    ConfigError
        A name that is not in `TOKEN_VECTORS`, or one whose package is missing or another version.
    """
    if name not in TOKEN_VECTORS:
        msg = f"token_vectors must be one of {', '.join(TOKEN_VECTORS)}, got {name!r}"
        raise ConfigError(msg)
    if name == "none":
        return None
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        msg = (
            f"catalogue.token_vectors is {name!r}, whose package is not installed: "
            f"install {name}, or set catalogue.token_vectors to 'none'"
        )
        raise ConfigError(msg)
    folder = Path(found.submodule_search_locations[0])
    return _read(
        folder / "weights" / "l2_supercat_256.safetensors",
        folder / "tokenizers" / "l2_supercat_tokenizer_config.json",
    )


def _read(weights: Path, tokenizer: Path) -> TokenVectors:
    """Read a table of vectors and its tokenizer."""
    for path in (weights, tokenizer):
        if not path.is_file():
            msg = (
                f"catalogue.token_vectors needs {path.name}, which {path.parent} lacks: install "
                "the version that pyproject.toml names, or set catalogue.token_vectors to 'none'"
            )
            raise ConfigError(msg)
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    table = load_file(weights)["embedding.weight"].astype(np.float32)  # (V, D)
    loaded = Tokenizer.from_file(str(tokenizer))
    n_tokens = loaded.get_vocab_size()
    if n_tokens > len(table):
        msg = (
            f"catalogue.token_vectors: {weights.name} has {len(table)} vectors for {n_tokens} "
            "tokens: install the version that pyproject.toml names"
        )
        raise ConfigError(msg)

    def encode(word: str) -> tuple[int, ...]:
        if not word.isascii():  # half a surrogate pair is no text to the tokenizer
            word = word.encode("utf-8", "replace").decode()
        return tuple(loaded.encode(word, add_special_tokens=False).ids)

    remembered = lru_cache(_REMEMBERED_WORDS)(encode)  # no token spans two words

    def tokens_of(word: str) -> tuple[int, ...]:
        return remembered(word) if len(word) <= _REMEMBERED_LENGTH else encode(word)

    vectors = TokenVectors(np.ascontiguousarray(table), tokens_of)
    vectors.embed("a")  # compiles, if need be
    return vectors
