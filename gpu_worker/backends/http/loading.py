"""From settings to a backend, after a look at the servers: the model, the letters, one answer."""

from __future__ import annotations

import logging
from pathlib import Path

from msgspec import Struct

from cherryrec.errors import CherryRecError, ModelError
from gpu_worker.backends.http.backend import HttpBackend, Model, Models
from gpu_worker.backends.http.servers import Servers
from gpu_worker.backends.http.tokens import LocalTokens, RemoteTokens, Tokens
from gpu_worker.backends.http.wire import APIS, parsed
from gpu_worker.backends.letter_ids import letter_ids
from gpu_worker.backends.probe import require_letters
from gpu_worker.config import GpuConfig
from gpu_worker.lora import base_name, read_lora

__all__ = ["load_http"]

logger = logging.getLogger(__name__)


def load_http(config: GpuConfig) -> HttpBackend:
    """Connect to the servers and check that they can do what will be asked.

    Raises
    ------
    ServiceError
        A server does not answer.
    ModelError
        The model is not there, a letter is not a token of its own, the local tokenizer is another
        one, or a first prompt is not answered with all letters.
    """
    servers = Servers(
        config.server_urls,
        api_key=config.server_api_key,
        timeout_s=config.server_timeout_s,
        concurrency=config.server_concurrency,
    )
    try:
        return _loaded(servers, config)
    except CherryRecError:
        servers.close()
        raise


def _loaded(servers: Servers, config: GpuConfig) -> HttpBackend:
    """Make the backend and try it."""
    model = _model(servers, config.model)
    api = config.server_api
    if api == "auto":
        api = "sglang" if model.owned_by == "sglang" else "vllm"
    remote = RemoteTokens(servers, model=model.id, title_tokens=config.title_tokens)
    tokens: Tokens = remote
    if config.server_tokenizer:
        local = LocalTokens(
            Path(config.server_tokenizer), start=_start(remote), title_tokens=config.title_tokens
        )
        local.require_equal(remote)
        tokens = local
    backend = HttpBackend(
        servers,
        wire=APIS[api],
        tokens=tokens,
        letter_ids=letter_ids(remote.encode, tokenizer=model.id),
        model=model.id,
        base=base_name(model.root or model.id),
        version=f"{model.id}/{api}{_software(servers)}",
    )
    logger.info("model %s on %s (%s)", model.id, ", ".join(servers.urls), api)
    if config.lora_path:
        backend.take_lora(read_lora(Path(config.lora_path)))
    else:
        require_letters(backend)
    return backend


def _model(servers: Servers, name: str) -> Model:
    """Find the model that is meant, on every server."""
    chosen: list[Model] = []
    for url in servers.urls:
        content = servers.run(servers.ask("/v1/models", order=(url,)))
        known = [one for one in parsed(content, Models).data if one.parent is None]
        found = [one for one in known if name in {"auto", one.id}]
        if len(found) != 1:
            names = ", ".join(repr(one.id) for one in known) or "none"
            wanted = "the only model there" if name == "auto" else f"{name!r}"
            msg = f"model must be {wanted} on {url}, got {names}: set model to one of them"
            raise ModelError(msg)
        chosen += found
    if len({one.id for one in chosen}) > 1:
        msg = f"all server_urls must serve one model, got {[one.id for one in chosen]}"
        raise ModelError(msg)
    return chosen[0]


def _start(remote: RemoteTokens) -> tuple[int, ...]:
    """Return what the servers' tokenizer puts before a text."""
    plain, special = remote.encode("a"), remote.encode("a", special=True)
    n_start = len(special) - len(plain)
    if special[n_start:] != plain:
        msg = (
            "server_tokenizer needs a model whose tokenizer adds nothing after a text, got "
            f"{special} for {plain}: leave the setting empty"
        )
        raise ModelError(msg)
    return special[:n_start]


class _Software(Struct):
    version: str


def _software(servers: Servers) -> str:
    """Return the servers' own version, which their arithmetic may depend on; empty if unsaid."""
    try:
        content = servers.run(servers.ask("/version"))
        return f"-{parsed(content, _Software).version}"
    except ModelError:
        return ""
