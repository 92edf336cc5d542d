"""Requests that wait for their answer: a future each, by the id of the request."""

from __future__ import annotations

import asyncio

__all__ = ["Waiting"]


class Waiting:
    """The calls that wait, several for one request if it was asked twice.

    An answer counts only for the user who asked: who guesses another's request id gets nothing.

    Examples
    --------
    >>> async def main() -> tuple[bytes | None, bytes | None, int]:
    ...     waiting = Waiting()
    ...     asked, late = waiting.expect("r1", "u1"), waiting.expect("r2", "u1")
    ...     waiting.answer("r1", "u2", b"of another")
    ...     waiting.answer("r1", "u1", b"slate")
    ...     got = await waiting.within(asked, 1.0), await waiting.within(late, 0.0)
    ...     waiting.forget("r1", "u1", asked)
    ...     waiting.forget("r2", "u1", late)
    ...     return *got, len(waiting)
    >>> asyncio.run(main())
    (b'slate', None, 0)
    """

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], list[asyncio.Future[bytes]]] = {}
        self._n = 0

    def __len__(self) -> int:
        """Return how many calls wait."""
        return self._n

    def expect(self, request_id: str, user_id: str) -> asyncio.Future[bytes]:
        """Return a future of the answer; to be given to `forget` whatever comes."""
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._of.setdefault((request_id, user_id), []).append(future)
        self._n += 1
        return future

    def forget(self, request_id: str, user_id: str, future: asyncio.Future[bytes]) -> None:
        """Wait no more."""
        futures = self._of[request_id, user_id]
        futures.remove(future)
        self._n -= 1
        if not futures:
            del self._of[request_id, user_id]

    async def within(self, future: asyncio.Future[bytes], time_s: float) -> bytes | None:
        """Return an expected answer, or None if none has come within the time, in seconds."""
        try:
            async with asyncio.timeout(time_s):
                return await future
        except TimeoutError:
            return None

    def answer(self, request_id: str, user_id: str, value: bytes) -> None:
        """Give an answer to all who wait for it."""
        for future in self._of.get((request_id, user_id), ()):
            if not future.done():
                future.set_result(value)
