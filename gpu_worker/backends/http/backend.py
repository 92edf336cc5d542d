"""The cluster as a backend: every prompt of a batch is asked at once, each fails alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from cherryrec.cnle import Prompt
from cherryrec.errors import CherryRecError, ModelError, ServiceError
from gpu_worker.backends.http.servers import AWAY, Servers
from gpu_worker.backends.http.tokens import Tokens
from gpu_worker.backends.http.wire import Wire, parsed
from gpu_worker.backends.probe import require_letters
from gpu_worker.backends.protocol import Verdict
from gpu_worker.lora import LoraWeights, require_same

__all__ = ["HttpBackend", "Model", "Models"]

logger = logging.getLogger(__name__)

_LOAD_S = 60.0
"""Seconds a server may take to load LoRA weights."""


class Model(Struct, kw_only=True):
    """A model as `/v1/models` tells of it; LoRA weights are models with a `parent`."""

    id: str
    root: str | None = None
    parent: str | None = None
    owned_by: str | None = None


class Models(Struct):
    """The answer of `/v1/models`."""

    data: list[Model]


class HttpBackend:
    """Scores the index letters by asking vLLM or SGLang servers.

    Batches are the servers' business, which put together whatever comes in; here a batch is what is
    asked at the same time. Prompts with the same beginning go to the same server, whose prefix
    cache has it.

    Parameters
    ----------
    servers
        The client.
    wire
        The servers' dialect.
    tokens
        Their tokenizer.
    letter_ids
        Tokens of the letters.
    model
        Its name on the servers.
    base, version
        See `Tunable` and `Backend`.
    """

    def __init__(
        self,
        servers: Servers,
        *,
        wire: Wire,
        tokens: Tokens,
        letter_ids: Sequence[int],
        model: str,
        base: str,
        version: str,
    ) -> None:
        self._servers = servers
        self._wire = wire
        self._tokens = tokens
        self._letter_ids = tuple(letter_ids)
        self._model = model
        self._base = base
        self._version = version
        self._lora: LoraWeights | None = None
        self._loaded: list[str] = []

    @property
    def name(self) -> str:
        """The model's name on the servers."""
        return self._model

    @property
    def base(self) -> str:
        """The model without folders or organisation."""
        return self._base

    @property
    def version(self) -> str:
        """Model, server software, and LoRA weights."""
        return self._version + (self._lora.mark if self._lora else "")

    @property
    def batch_size(self) -> int:
        """As many as are asked at once."""
        return self._servers.concurrency

    def close(self) -> None:
        """Close the connections; they are closed with the object at the latest."""
        self._servers.close()

    def cut(self, title: str) -> str:
        """Shorten a title to the tokens allowed."""
        return self._tokens.cut(title)

    def n_tokens(self, prompt: Prompt) -> int:
        """Count the tokens of a prompt, or estimate them."""
        return self._tokens.n_tokens(prompt)

    def evaluate(self, prompts: Sequence[Prompt]) -> list[Verdict]:
        """Judge a batch, by the batch law; raise only if no server answered any of it."""
        verdicts = self._servers.run(self._all(prompts))
        unserved = [one for one in verdicts if isinstance(one, ServiceError)]
        if unserved and len(unserved) == len(verdicts):
            raise unserved[0]
        return verdicts

    def take_lora(self, weights: LoraWeights | None) -> None:
        """Have every server load the weights, try them, then ask for them by name."""
        before = self._lora
        if weights is not None:
            self._check(weights)
            for url in self._servers.urls:
                self._servers.run(self._load(url, weights))
        self._lora = weights
        try:
            require_letters(self)
        except CherryRecError:
            self._lora = before
            raise
        self._unload_older()

    async def _all(self, prompts: Sequence[Prompt]) -> list[Verdict]:
        """Ask for all prompts at once."""
        return list(await asyncio.gather(*(self._one(prompt) for prompt in prompts)))

    async def _one(self, prompt: Prompt) -> Verdict:
        """Ask for one prompt; what goes wrong is its verdict."""
        letter_ids = self._letter_ids[: prompt.n_letters]
        body = self._wire.question(
            self._tokens.ready(prompt),
            letter_ids=letter_ids,
            model=self._model,
            lora=_lora_name(self._lora) if self._lora else "",
        )
        try:
            content = await self._servers.ask(
                self._wire.score_path,
                body,
                order=self._servers.order(prompt.prefix),
                again=AWAY,
            )
            return self._wire.scores(content, letter_ids)
        except CherryRecError as error:
            return error

    def _check(self, weights: LoraWeights) -> None:
        """Refuse weights of another model; compare the files where they can be seen from here."""
        if weights.base and weights.base != self._base:
            msg = f"LoRA weights must have tuned {self._base!r}, got {weights.base!r}"
            raise ModelError(msg)
        if Path(weights.path).is_dir():
            require_same(weights)

    async def _load(self, url: str, weights: LoraWeights) -> None:
        """Have one server load the weights; that it has them already is as good."""
        name = _lora_name(weights)
        body = {"lora_name": name, "lora_path": weights.path}
        try:
            await self._servers.ask(self._wire.load_path, body, order=(url,), timeout_s=_LOAD_S)
        except ModelError as error:
            content = await self._servers.ask("/v1/models", order=(url,))
            if not any(one.id == name for one in parsed(content, Models).data):
                msg = (
                    f"the servers must load LoRA weights from {weights.path!r}, seen from there: "
                    f"{error} (vLLM needs --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, "
                    "SGLang --enable-lora)"
                )
                raise ModelError(msg) from error

    def _unload_older(self) -> None:
        """Keep the weights in use and those before, which other workers may still ask for."""
        name = _lora_name(self._lora) if self._lora else ""
        self._loaded = [*(one for one in self._loaded if one != name), *([name] if name else [])]
        while len(self._loaded) > 2:
            oldest = self._loaded.pop(0)
            for url in self._servers.urls:
                try:
                    self._servers.run(
                        self._servers.ask(
                            self._wire.unload_path, {"lora_name": oldest}, order=(url,)
                        )
                    )
                # Another worker has done it, or the server has forgotten them: nothing is lost.
                except CherryRecError as error:
                    logger.info("old LoRA weights %s stay on %s: %s", oldest, url, error)


def _lora_name(weights: LoraWeights) -> str:
    """Return what weights are called on the servers: equal names are equal weights."""
    return f"cnle-{weights.fingerprint}"
