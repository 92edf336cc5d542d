"""The cluster as a worker finds it, and a thread that sees when it is no longer that one.

It sees a cluster that does not answer, too: clients only try again, for ever.

Kafka gives every topic an id when it is made. A topic that was deleted and made again has the same
name, another id, and offsets that begin at 0 again: what a worker knows of the old one is no longer
true, so it ends and starts anew.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from cherryrec.errors import ServiceError
from cherryrec.supervised.clients import connected
from cherryrec.supervised.gates import Gates

__all__ = ["Cluster", "Lookout", "look"]

logger = logging.getLogger(__name__)

EXIT_CODE = 70
"""EX_SOFTWARE, as the watchdog's: the supervisor starts the worker anew."""

_EVERY_S = 2.0
_TIMEOUT_MS = 3_000
_SILENT_S = 5.0
_UNKNOWN_TOPIC = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster's id, and the ids of the topics that were asked for and are there.

    An id is empty where the brokers do not tell it (before Kafka 2.8).
    """

    cluster_id: str
    topic_ids: Mapping[str, str]


class _Asker:
    """Asks a cluster; connects when it is asked, and anew after a failure."""

    def __init__(self, client: Mapping[str, Any]) -> None:
        # The longer times of a worker's own clients would hide for as long that nobody answers.
        times = {"request_timeout_ms": _TIMEOUT_MS, "bootstrap_timeout_ms": _TIMEOUT_MS}
        self._client = {**client, **times}
        self._admin: Any = None

    def ask(self, topics: Iterable[str]) -> Cluster:
        """Ask once; raises a `KafkaError` when there is no answer."""
        try:
            if self._admin is None:
                self._admin = connected(KafkaAdminClient, **self._client)
            cluster_id = self._admin.describe_cluster()["cluster_id"]
            described = self._admin.describe_topics(sorted(topics))
        except KafkaError:
            self.close()
            raise
        ids = {
            one["name"]: str(one["topic_id"] or "")
            for one in described
            if one["error_code"] != _UNKNOWN_TOPIC
        }
        return Cluster(cluster_id or "", ids)

    def close(self) -> None:
        """Disconnect."""
        admin, self._admin = self._admin, None
        if admin is not None:
            admin.close()


def look(
    client: Mapping[str, Any],
    topics: Iterable[str],
    *,
    within_s: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Cluster:
    """Return the cluster with these topics, all of them.

    Parameters
    ----------
    client
        kafka-python's settings: bootstrap servers, security.
    topics
        Full names.
    within_s
        How long to wait for an answer, in seconds.
    sleep
        Waits between two tries.

    Raises
    ------
    ServiceError
        Nobody answers, or a topic is not there.
    """
    asker = _Asker(client)
    wanted = set(topics)
    give_up_s = time.monotonic() + within_s
    try:
        while True:
            try:
                found = asker.ask(wanted)
                break
            except KafkaError as error:
                if time.monotonic() >= give_up_s:
                    servers = client.get("bootstrap_servers")
                    msg = f"Kafka at {servers} must answer within {within_s:g} s, got {error}"
                    raise ServiceError(msg) from error
            sleep(1.0)
    finally:
        asker.close()
    missing = sorted(wanted - found.topic_ids.keys())
    if missing:
        msg = f"topics {', '.join(missing)} must be there: run `cherryrec topics create`"
        raise ServiceError(msg)
    return found


class Lookout:
    """A thread that asks every two seconds whether the cluster answers and is the one it was.

    Parameters
    ----------
    client
        kafka-python's settings: bootstrap servers, security.
    topics
        Full names of those that are watched.
    gates
        Its gate `kafka` is closed while no broker answers.
    known
        What the worker began with; absent: what the first answer says.
    end
        Ends the process with an exit code, at once: what a worker would still write belongs to a
        topic that is gone.
    ask
        Asks the cluster for topics; absent: Kafka.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        client: Mapping[str, Any],
        topics: Iterable[str],
        *,
        gates: Gates,
        known: Cluster | None = None,
        clock: Callable[[], float] = time.monotonic,
        end: Callable[[int], Any] = os._exit,
        ask: Callable[[Iterable[str]], Cluster] | None = None,
    ) -> None:
        self._servers = client.get("bootstrap_servers")
        self._topics = sorted(topics)
        self._gates = gates
        self._known = known
        self._clock = clock
        self._answered_s = clock()
        self._end = end
        self._asker = _Asker(client)
        self._ask = ask if ask is not None else self._asker.ask
        self._stopped = threading.Event()
        self._missing: set[str] = set()
        self._is_silent = False

    def start(self) -> None:
        """Start looking."""
        threading.Thread(target=self._look_regularly, name="lookout", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def observe(self) -> None:
        """Look once; end the process when a topic is not what it was.

        A topic must be missing twice in a row: a broker that has just started may not know it yet.
        """
        try:
            found = self._ask(self._topics)
        except KafkaError as error:
            self._silent(error)
            return
        if self._is_silent:
            logger.warning("Kafka at %s answers again", self._servers)
        self._answered_s, self._is_silent = self._clock(), False
        self._gates.open("kafka")
        if self._known is None:
            self._known = found
        ids = self._known.topic_ids
        known = {name: ids[name] for name in self._topics if name in ids}
        made_anew = {
            name
            for name, topic_id in found.topic_ids.items()
            if topic_id and known.get(name) and topic_id != known[name]
        }
        missing = known.keys() - found.topic_ids.keys()
        if made_anew:
            self._give_up(
                f"topics deleted and made again: {', '.join(sorted(made_anew))}. The next start "
                "reads them from their beginning"
            )
        elif missing & self._missing:
            self._give_up(
                f"topics deleted: {', '.join(sorted(missing & self._missing))}. Run `cherryrec "
                "topics create`"
            )
        self._missing = missing

    def _silent(self, error: KafkaError) -> None:
        """Close the gate when there has been no answer for some seconds."""
        silent_s = self._clock() - self._answered_s
        if silent_s < _SILENT_S:
            return
        self._gates.close(
            "kafka", f"no broker of {self._servers} has answered for {silent_s:.0f} s"
        )
        if not self._is_silent:
            logger.error(
                "no broker of %s has answered for %.0f s (%s): not ready until one does",
                self._servers,
                silent_s,
                error,
            )
        self._is_silent = True

    def _give_up(self, why: str) -> None:
        logger.critical("%s; ending the worker", why)
        self._end(EXIT_CODE)

    def _look_regularly(self) -> None:
        while not self._stopped.wait(_EVERY_S):
            self.observe()
        self._asker.close()
