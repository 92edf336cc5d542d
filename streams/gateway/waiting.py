"""Requests that wait for their answer: a future each, by the id of the request."""

from __future__ import annotations

import asyncio

from cherryrec.errors import CherryRecError

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
    ...     now_s = asyncio.get_running_loop().time()
    ...     got = await waiting.until(asked, now_s + 1.0), await waiting.until(late, now_s)
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

    def is_expected(self, request_id: str, user_id: str) -> bool:
        """Return whether a call waits for an answer to this request already."""
        return (request_id, user_id) in self._of

    def forget(self, request_id: str, user_id: str, future: asyncio.Future[bytes]) -> None:
        """Wait no more."""
        futures = self._of[request_id, user_id]
        futures.remove(future)
        self._n -= 1
        if not futures:
            del self._of[request_id, user_id]

    async def until(self, future: asyncio.Future[bytes], until_s: float) -> bytes | None:
        """Return an expected answer, or None if none has come until then by the loop's time."""
        try:
            async with asyncio.timeout_at(until_s):
                return await future
        except TimeoutError:
            return None

    def fail(self, request_id: str, user_id: str, error: CherryRecError) -> None:
        """Raise an error in all who wait: what they wait for was not asked."""
        for future in self._of.get((request_id, user_id), ()):
            if not future.done():
                future.set_exception(error)

    def answer(self, request_id: str, user_id: str, value: bytes) -> None:
        """Give an answer to all who wait for it."""
        for future in self._of.get((request_id, user_id), ()):
            if not future.done():
                future.set_result(value)
