"""Text as vectors, computed once an article and the same in every worker.

`HashedText` counts words and parts of words in any language by hashing: two articles are alike when
they share rare-looking ones. Hashing needs no training data and no state. `TokenVectors` knows
which words are used alike, in English, from a table that comes as a package. Texts are compared in
one spelling, whoever compares them. A `SentenceModel` reads a title as a sentence, in milliseconds:
it runs where titles come in, and never where requests are answered.
"""

from __future__ import annotations

from cherryrec.text.hashed import HashedText, stable_hash
from cherryrec.text.sentences import (
    SENTENCE_DIMENSIONS,
    SENTENCE_MODELS,
    SentenceModel,
    load_sentence_model,
    require_sentence_model,
    sentence_version,
)
from cherryrec.text.spelling import caseless, composed
from cherryrec.text.tokens import TOKEN_VECTORS, TokenVectors, load_token_vectors

__all__ = [
    "SENTENCE_DIMENSIONS",
    "SENTENCE_MODELS",
    "TOKEN_VECTORS",
    "HashedText",
    "SentenceModel",
    "TokenVectors",
    "caseless",
    "composed",
    "load_sentence_model",
    "load_token_vectors",
    "require_sentence_model",
    "sentence_version",
    "stable_hash",
]
