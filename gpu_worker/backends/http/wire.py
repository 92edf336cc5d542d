"""What vLLM and SGLang are asked, and how their answers are read; no I/O.

One token is generated and thrown away; what counts is the log-probabilities of the letters in its
place. Neither kind is ever asked for log-probabilities of the prompt: vLLM does not use its prefix
cache for such a request.

References
----------
vLLM's `/v1/completions` with `logprob_token_ids` (pull request 43463):
https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html.
SGLang's `/generate` with `token_ids_logprob`:
https://docs.sglang.ai/basic_usage/sampling_params.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, Protocol, TypeVar

import msgspec
import numpy as np
from msgspec import Struct

from cherryrec.cnle import LETTERS
from cherryrec.errors import ModelError
from gpu_worker.backends.protocol import LetterScores

__all__ = ["APIS", "Sglang", "Vllm", "Wire", "parsed"]

T = TypeVar("T")

_FLOOR = -9999.0
"""What vLLM writes for minus infinity: JSON has no such number, and neither has an evaluation."""

_HINT = (
    "vLLM must know logprob_token_ids, or run with --logprobs-mode processed_logprobs; "
    "SGLang must know token_ids_logprob"
)


class Wire(Protocol):
    """The dialect of one kind of server."""

    score_path: str
    load_path: str
    unload_path: str

    def question(
        self, prompt: str | Sequence[int], *, letter_ids: Sequence[int], model: str, lora: str
    ) -> dict[str, Any]:
        """Return the body that asks for the letters' log-probabilities after a prompt."""
        ...

    def scores(self, content: bytes, letter_ids: Sequence[int]) -> LetterScores:
        """Read the answer; raise a `ModelError` where it is not one, or lacks a letter."""
        ...


class Vllm:
    """vLLM's OpenAI-style completions.

    Three ways lead to the letters, and all are asked for at once, since a server ignores what it
    does not know: `logprob_token_ids` names them (from the middle of 2026 on); `allowed_token_ids`
    leaves nothing else to choose from, so that with `--logprobs-mode processed_logprobs` they are
    the twenty best; `logprobs` is the twenty best of the whole vocabulary, where they may be.

    Examples
    --------
    >>> body = Vllm().question("Answer:", letter_ids=(65, 66), model="m", lora="")
    >>> body["logprob_token_ids"], body["max_tokens"], "prompt_logprobs" in body
    ([65, 66], 1, False)
    """

    score_path = "/v1/completions"
    load_path = "/v1/load_lora_adapter"
    unload_path = "/v1/unload_lora_adapter"

    def question(
        self, prompt: str | Sequence[int], *, letter_ids: Sequence[int], model: str, lora: str
    ) -> dict[str, Any]:
        """Return the body of a completion of one token; LoRA weights are a model's name."""
        return {
            "model": lora or model,
            "prompt": prompt if isinstance(prompt, str) else list(prompt),
            "max_tokens": 1,
            "temperature": 0,
            "logprobs": len(LETTERS),
            "logprob_token_ids": list(letter_ids),
            "allowed_token_ids": list(letter_ids),
            "return_tokens_as_token_ids": True,
        }

    def scores(self, content: bytes, letter_ids: Sequence[int]) -> LetterScores:
        """Read `choices[0].logprobs.top_logprobs[0]`, token names `token_id:N`."""
        answer = parsed(content, _Completion)
        logprobs = answer.choices[0].logprobs if answer.choices else None
        first = logprobs.top_logprobs[0] if logprobs and logprobs.top_logprobs else None
        found = {one: (first or {}).get(f"token_id:{one}") for one in letter_ids}
        return _letter_scores(found, n_tokens=answer.usage.prompt_tokens)


class Sglang:
    """SGLang's own `/generate`, which names tokens directly.

    Examples
    --------
    >>> body = Sglang().question([1, 2], letter_ids=(65, 66), model="m", lora="")
    >>> body["input_ids"], body["token_ids_logprob"], body["logprob_start_len"]
    ([1, 2], [65, 66], -1)
    """

    score_path = "/generate"
    load_path = "/load_lora_adapter"
    unload_path = "/unload_lora_adapter"

    def question(
        self, prompt: str | Sequence[int], *, letter_ids: Sequence[int], model: str, lora: str
    ) -> dict[str, Any]:
        """Return the body of a generation of one token; a server has one model, not named."""
        body: dict[str, Any] = {"text": prompt}
        if not isinstance(prompt, str):
            body = {"input_ids": list(prompt)}
        return body | {
            "sampling_params": {"max_new_tokens": 1, "temperature": 0},
            "return_logprob": True,
            "logprob_start_len": -1,
            "token_ids_logprob": list(letter_ids),
            **({"lora_path": lora} if lora else {}),
        }

    def scores(self, content: bytes, letter_ids: Sequence[int]) -> LetterScores:
        """Read `meta_info.output_token_ids_logprobs[0]`: log-probability, token, text."""
        meta = parsed(content, _Generation).meta_info
        first = meta.output_token_ids_logprobs[0] if meta.output_token_ids_logprobs else []
        by_id = {token: logprob for logprob, token, *_ in first}
        return _letter_scores(
            {one: by_id.get(one) for one in letter_ids}, n_tokens=meta.prompt_tokens
        )


APIS: dict[str, Wire] = {"vllm": Vllm(), "sglang": Sglang()}
"""The dialects by the names of the setting `server_api`."""


class _Usage(Struct):
    prompt_tokens: int


class _Logprobs(Struct):
    top_logprobs: list[dict[str, float | None] | None] | None = None


class _Choice(Struct):
    logprobs: _Logprobs | None = None


class _Completion(Struct):
    choices: list[_Choice]
    usage: _Usage


class _Meta(Struct):
    prompt_tokens: int
    output_token_ids_logprobs: list[list[tuple[float | None, int, str | None]]] | None = None


class _Generation(Struct):
    meta_info: _Meta


def parsed(content: bytes, kind: type[T]) -> T:
    """Read a server's JSON as what it should be.

    Examples
    --------
    >>> parsed(b"[1, 2", list[int])
    Traceback (most recent call last):
    ...
    cherryrec.errors.ModelError: the server's answer cannot be read: Input data was truncated
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        msg = f"the server's answer cannot be read: {error}"
        raise ModelError(msg) from error


def _letter_scores(found: Mapping[int, float | None], *, n_tokens: int) -> LetterScores:
    """Return the scores if there is a number for each letter; none is made up."""
    lacking = [
        letter
        for letter, logprob in zip(LETTERS, found.values(), strict=False)
        if logprob is None or not isfinite(logprob) or logprob <= _FLOOR
    ]
    if lacking:
        msg = f"the server gave no log-probability for the letters {', '.join(lacking)}: {_HINT}"
        raise ModelError(msg)
    return LetterScores(logits=np.array(list(found.values()), dtype=np.float64), n_tokens=n_tokens)
