"""Text as vectors, computed once an article and the same in every worker.

`HashedText` counts words and parts of words in any language by hashing: two articles are alike when
they share rare-looking ones. Hashing needs no training data and no state. `TokenVectors` knows
which words are used alike, in English, from a table that comes as a package. Texts are compared in
one spelling, whoever compares them.
"""

from __future__ import annotations

from cherryrec.text.hashed import HashedText, stable_hash
from cherryrec.text.spelling import caseless, composed
from cherryrec.text.tokens import TOKEN_VECTORS, TokenVectors, load_token_vectors

__all__ = [
    "TOKEN_VECTORS",
    "HashedText",
    "TokenVectors",
    "caseless",
    "composed",
    "load_token_vectors",
    "stable_hash",
]
