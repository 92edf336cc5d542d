from __future__ import annotations

import time

import pytest

from streams.engine import FastProducer
from streams.engine.lease import Lease

pytestmark = pytest.mark.asyncio


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def lease_of(clock: Clock, codes: list[int]) -> Lease:
    return Lease(10.0, clock=clock, end=codes.append)


async def test_lease_that_was_never_taken_ends_nothing() -> None:
    codes: list[int] = []

    lease_of(Clock(), codes).check()

    assert codes == []


async def test_renewed_lease_lasts_half_a_session() -> None:
    clock, codes = Clock(), list[int]()
    lease = lease_of(clock, codes)
    for _ in range(5):
        lease.renew()
        clock.now_s += 5.0

    lease.check()

    assert codes == []


async def test_renewing_too_late_ends_the_process() -> None:
    clock, codes = Clock(), list[int]()
    lease = lease_of(clock, codes)
    lease.renew()
    clock.now_s += 5.1

    lease.renew()

    assert codes == [70]


async def test_started_lease_renews_itself_while_the_loop_is_busy() -> None:
    codes: list[int] = []
    lease = Lease(0.4, end=codes.append)

    await lease.start()
    time.sleep(0.5)  # blocks the loop longer than the lease
    lease.check()
    await lease.stop()

    assert codes == []


async def test_sending_asks_the_lease_first(app: object) -> None:
    clock, codes = Clock(), list[int]()

    def end(code: int) -> None:
        codes.append(code)
        raise SystemExit(code)

    app.lease = Lease(10.0, clock=clock, end=end)  # type: ignore[attr-defined]
    app.lease.renew()  # type: ignore[attr-defined]
    clock.now_s += 6.0

    with pytest.raises(SystemExit):
        await FastProducer(app).send("t", key=b"k", value=b"v")  # type: ignore[arg-type]

    assert codes == [70]
