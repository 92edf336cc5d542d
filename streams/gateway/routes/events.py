"""`POST /v1/events`: articles, impressions, clicks and profile updates, one or many."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency

from cherryrec.errors import BadMessage
from streams.gateway.calls import Needs, StrictRequest
from streams.gateway.gateway import Gateway
from streams.gateway.incoming import EventsTaken, RefusedEvent, events_in, read_event, topic_of
from streams.gateway.problems import BAD_MESSAGE, NOT_NOW, TOO_LONG, ProblemError, problems
from streams.gateway.transport import Outgoing

__all__ = ["take_events"]

_UNKNOWN = "unknown"


@post(
    "/v1/events",
    guards=[Needs("send")],
    status_code=200,
    summary="Tell of articles, impressions, clicks and profile updates",
    responses=problems(400, 413, 415, 503),
    opt={"body": "Events"},
)
async def take_events(request: StrictRequest, gateway: NamedDependency[Gateway]) -> EventsTaken:
    """Send events to their topics; answered when Kafka has acknowledged them.

    An event is its message with the `topic` that it is for. One that cannot be used is named in
    `refused` with its index and the reason, and takes no other along. Where none was taken, the
    answer is a problem that names them all.
    """
    raws = events_in(await request.body())
    limit = gateway.config.max_batch
    if not 0 < len(raws) <= limit:
        msg = f"a body must hold 1 to {limit:,} events, got {len(raws):,}: send them in parts"
        raise ProblemError(TOO_LONG if raws else BAD_MESSAGE, msg)
    outgoing: dict[int, Outgoing] = {}
    refused: list[RefusedEvent] = []
    now_s = gateway.clock()
    for index, raw in enumerate(raws):
        try:
            outgoing[index] = read_event(raw, gateway.rules, now_s=now_s)
        except BadMessage as error:
            refused.append(_refused(index, error, topic_of(raw)))
    results = await gateway.send_all(list(outgoing.values()))
    for (index, one), result in zip(outgoing.items(), results, strict=True):
        if result is not None:
            refused.append(_refused(index, result, one.topic))
    refused.sort(key=lambda one: one.index)
    _count(gateway, outgoing, refused)
    if len(refused) == len(raws):
        raise _none_taken(refused)
    return EventsTaken(taken=len(raws) - len(refused), refused=tuple(refused))


def _refused(index: int, error: Exception, topic: str | None) -> RefusedEvent:
    is_lost = not isinstance(error, BadMessage)
    return RefusedEvent(index=index, topic=topic, reason=str(error), is_lost=is_lost)


def _count(gateway: Gateway, outgoing: dict[int, Outgoing], refused: list[RefusedEvent]) -> None:
    named = {one.index for one in refused}
    for index, one in outgoing.items():
        if index not in named:
            gateway.metrics.events.labels(one.topic, "taken").inc()
    for bad in refused:
        topic = bad.topic if bad.topic in gateway.rules else _UNKNOWN
        outcome = "not_acknowledged" if bad.is_lost else "refused"
        gateway.metrics.events.labels(topic, outcome).inc()


def _none_taken(refused: list[RefusedEvent]) -> ProblemError:
    """Return the problem of a body of which nothing was taken."""
    lost = [one for one in refused if one.is_lost]
    first = lost[0] if lost else refused[0]
    text = f"none of {len(refused):,} events was taken, event {first.index}: {first.reason}"
    if lost:
        return ProblemError(NOT_NOW, text, headers={"Retry-After": "2"}, refused=refused)
    return ProblemError(BAD_MESSAGE, text, refused=refused)
