"""Asking servers over HTTP: connections that are kept, retries on another server, one time limit.

The worker's loop is synchronous; this runs an event loop of its own while it is asked something, so
that many prompts wait at once without threads and a prompt whose time is up is given up at once.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
import weakref
from collections.abc import Collection, Coroutine, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

import aiohttp
import msgspec
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from cherryrec.errors import ModelError, ServiceError

__all__ = ["AWAY", "Servers"]

T = TypeVar("T")

_AGAIN = frozenset({429, 502, 503, 504})
AWAY = _AGAIN | {404}
"""Where a model is asked for that was there: the server has forgotten it, others may have it."""

_LARGEST_ANSWER = 4 << 20
_LONGEST_WAIT_S = 2.0
# uvicorn, which both kinds of server run on, closes a connection that is idle for 5 s.
_KEEP_S = 4.0


class Servers:
    """The servers of one cluster, all with the same model.

    Parameters
    ----------
    urls
        Base URLs, at least one.
    api_key
        Bearer token; empty for none.
    timeout_s
        Seconds for one question, its wait for a connection and its retries included.
    concurrency
        Questions under way at once.
    """

    def __init__(
        self, urls: Sequence[str], *, api_key: str, timeout_s: float, concurrency: int
    ) -> None:
        self.urls = tuple(url.rstrip("/") for url in urls)
        self.timeout_s = timeout_s
        self.concurrency = concurrency
        self._loop = asyncio.new_event_loop()
        self._slots = asyncio.Semaphore(concurrency)
        self._session = self.run(_session(api_key))
        # Connections are closed when the object goes, at the latest with the process.
        self._finalizer = weakref.finalize(self, _close, self._loop, self._session)

    def close(self) -> None:
        """Close all connections; nothing can be asked any more."""
        self._finalizer()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self._loop.run_until_complete(work)

    def order(self, text: str) -> tuple[str, ...]:
        """Return all servers, first the one that has seen this beginning of a prompt before.

        Rendezvous hashing: each text has an order of its own, and a server that is added or taken
        away moves only the texts that are its own.
        """
        if len(self.urls) == 1:
            return self.urls
        return tuple(sorted(self.urls, key=lambda url: blake2b(f"{url} {text}".encode()).digest()))

    async def ask(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        order: Sequence[str] = (),
        timeout_s: float | None = None,
        again: Collection[int] = _AGAIN,
    ) -> bytes:
        """Ask until a server answers; a server that is down or busy hands on to the next.

        Parameters
        ----------
        path
            From the base URL on, with its slash.
        body
            Posted as JSON; None asks with GET.
        order
            Servers in the order they are tried, again and again; all of them if empty.
        timeout_s
            Instead of the servers' own.
        again
            Statuses of a server that is to be asked later, and another one now.

        Raises
        ------
        ServiceError
            No server answered in time, or the key is not theirs: another question would fare alike.
        ModelError
            A server refused this question.
        """
        limit_s = timeout_s or self.timeout_s
        urls = itertools.cycle(order or self.urls)
        trouble = "none had a connection free"

        def note(state: RetryCallState) -> None:
            nonlocal trouble
            error = state.outcome.exception() if state.outcome else None
            trouble = str(error)

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_TryAgain), wait=_wait_s, before_sleep=note, reraise=True
        )
        try:
            async with asyncio.timeout(limit_s), self._slots:
                trouble = "it was still waited for"
                return await retrying(self._once, urls, path, body, again)
        except TimeoutError as error:
            msg = f"no server of {', '.join(self.urls)} answered within {limit_s:g} s: {trouble}"
            raise ServiceError(msg) from error

    async def _once(
        self,
        urls: itertools.cycle[str],
        path: str,
        body: dict[str, Any] | None,
        again: Collection[int],
    ) -> bytes:
        """Ask the next server once."""
        url = next(urls)
        method = "GET" if body is None else "POST"
        try:
            async with self._session.request(
                method, url + path, json=body, allow_redirects=False
            ) as answer:
                content = await _read(answer)
                status = answer.status
                retry_after = answer.headers.get("Retry-After", "")
        # TimeoutError is an OSError: a connection that is not made is tried again as well.
        except (aiohttp.ClientError, OSError) as error:
            msg = f"{url} could not be reached: {str(error) or type(error).__name__}"
            raise _TryAgain(msg) from error
        if status == 200:
            return content
        said = f"{url}{path} answered {status}: {_message(content)}"
        if status in again:
            raise _TryAgain(said, wait_s=float(retry_after) if retry_after.isdigit() else 0.0)
        if status in {401, 403}:
            msg = f"{said}: set server_api_key to the servers' key"
            raise ServiceError(msg)
        raise ModelError(said)


class _TryAgain(Exception):
    """A server that does not answer now; `wait_s` is what it asked for."""

    def __init__(self, reason: str, *, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


_backoff = wait_exponential_jitter(multiplier=0.05, max=_LONGEST_WAIT_S, jitter=0.05)


def _wait_s(state: RetryCallState) -> float:
    """Seconds to the next try: doubling from 0.05 s, at least what the server asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_s if isinstance(error, _TryAgain) else 0.0
    return max(_backoff(state), asked)


async def _session(api_key: str) -> aiohttp.ClientSession:
    """Make the session: no limit of its own on connections or time, both are ours."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_LONGEST_WAIT_S),
        headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
        json_serialize=lambda body: msgspec.json.encode(body).decode(),
    )


def _close(loop: asyncio.AbstractEventLoop, session: aiohttp.ClientSession) -> None:
    """Close the connections and the loop, wherever the object is collected."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop.run_until_complete(_closed(session))
    else:
        # A thread runs one loop at a time, and this one is busy with another.
        closer = threading.Thread(target=loop.run_until_complete, args=(_closed(session),))
        closer.start()
        closer.join()
    loop.close()


async def _closed(session: aiohttp.ClientSession) -> None:
    """Close a session, and give its sockets the turn of the loop that they close in."""
    await session.close()
    await asyncio.sleep(0)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Read an answer, as far as one can be that is meant for us."""
    content = bytearray()
    async for chunk in answer.content.iter_chunked(1 << 16):
        content += chunk
        if len(content) > _LARGEST_ANSWER:
            msg = f"{answer.url} must answer in at most {_LARGEST_ANSWER} bytes, got more"
            raise ModelError(msg)
    return bytes(content)


def _message(content: bytes) -> str:
    """Return what a server says of an error, in one line of at most 200 characters."""
    text = content.decode(errors="replace")
    try:
        said = msgspec.json.decode(content)
    except msgspec.DecodeError:
        said = None
    while isinstance(said, dict):
        said = next((said[key] for key in ("error", "message", "detail") if key in said), None)
    lines = (said if isinstance(said, str) else text).strip().splitlines() or ["nothing"]
    return lines[0][:200]
