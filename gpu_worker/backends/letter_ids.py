"""The index letters as a tokenizer writes them: one token each, and told apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cherryrec.cnle import ANSWER_CUE, LETTERS
from cherryrec.errors import ModelError

__all__ = ["letter_ids"]


def letter_ids(encode: Callable[[str], Sequence[int]], *, tokenizer: str) -> tuple[int, ...]:
    """Return the token of each letter, in the place where it is answered.

    Parameters
    ----------
    encode
        Text to tokens, nothing added.
    tokenizer
        Its name, for the message.

    Raises
    ------
    ModelError
        A letter is not a token of its own after the answer's cue, or two are the same.

    Examples
    --------
    Bytes as tokens: the space would be one of its own.

    >>> letter_ids(lambda text: text.encode(), tokenizer="bytes")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cherryrec.errors.ModelError: ... got (32, 65) for ' A': choose a model of ...
    >>> letter_ids(lambda text: text.replace(" ", "").encode(), tokenizer="letters")[:3]
    (65, 66, 67)
    """
    cue = tuple(encode(ANSWER_CUE))
    found = []
    for letter in LETTERS:
        ids = tuple(encode(f"{ANSWER_CUE} {letter}"))
        if ids[: len(cue)] != cue or len(ids) != len(cue) + 1:
            got = ids[len(cue) :] if ids[: len(cue)] == cue else ids
            msg = (
                f"tokenizer {tokenizer!r} must have a single token for each of ' A' to ' T' after "
                f"{ANSWER_CUE!r}, got {got} for {' ' + letter!r}: choose a model of the Qwen2, "
                "Llama 3 or SmolLM2 families"
            )
            raise ModelError(msg)
        found.append(ids[-1])
    if len(set(found)) != len(LETTERS):
        msg = (
            f"tokenizer {tokenizer!r} must tell the letters apart, got tokens {found}: choose "
            "another model"
        )
        raise ModelError(msg)
    return tuple(found)
