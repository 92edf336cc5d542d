"""A worker that answers inquiries: the core itself, over six articles and one reader."""

from __future__ import annotations

from functools import cache

from cherryrec.codec import decode
from cherryrec.events import Event, Inquiry
from cherryrec.system import LocalSystem
from tests.streams.gateway.memory_kafka import Sent
from tests.worlds import START_S, click, system_of, update


@cache
def system() -> LocalSystem:
    """Six articles, of which the reader u1 has read a1."""
    system = system_of(6, is_learning=False)
    system.send(update("u1", START_S, role="teacher"))
    system.send(click("a1", START_S + 60.0, user_id="u1"))
    return system


def answering(sent: Sent) -> Event | None:
    """Answer an inquiry as a worker does."""
    topic, _, value = sent
    return system().ask(decode(Inquiry, value)) if topic == "inquiries" else None
