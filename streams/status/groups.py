"""The groups that share the work: how far behind each is, who is in it, and who owns what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from streams.status.report import Lag

__all__ = ["GROUPS", "Member", "lags", "members"]

GROUPS = ("stream", "learner", "gpu-worker")
"""Group names without the prefix."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A process in a group, and the partitions of each topic that are its own now."""

    group: str
    name: str
    host: str
    partitions: dict[str, list[int]]


def lags(admin: Any, consumer: Any, prefix: str) -> tuple[Lag, ...]:
    """Return the messages that wait for each group, by topic.

    Parameters
    ----------
    admin, consumer
        kafka-python's, connected.
    prefix
        Of topics and groups.
    """
    full = [f"{prefix}{group}" for group in GROUPS]
    found = {group: admin.list_group_offsets(group).get(group, {}) for group in full}
    counted = []
    for group in GROUPS:
        committed = {p: one.offset for p, one in found[f"{prefix}{group}"].items()}
        ends = consumer.end_offsets(list(committed)) if committed else {}
        by_topic: Counter[str] = Counter()
        for place, offset in committed.items():
            by_topic[place.topic] += max(0, ends[place] - max(offset, 0))
        counted += [
            Lag(group=group, topic=topic.removeprefix(prefix), n=n)
            for topic, n in sorted(by_topic.items())
        ]
    return tuple(counted)


def members(admin: Any, prefix: str) -> tuple[Member, ...]:
    """Return the processes of each group, in the order of the partitions that they own.

    A process that is in its group and owns nothing is a standby.
    """
    described = admin.describe_groups([f"{prefix}{group}" for group in GROUPS])
    found = [
        member_of(group, one, prefix)
        for group in GROUPS
        for one in described.get(f"{prefix}{group}", {}).get("members", [])
    ]
    return tuple(sorted(found, key=_order))


def member_of(group: str, described: Mapping[str, Any], prefix: str) -> Member:
    """Read one member as Kafka describes it.

    Examples
    --------
    >>> member_of(
    ...     "stream",
    ...     {
    ...         "client_id": "faust-1",
    ...         "client_host": "/10.0.0.5",
    ...         "member_assignment": {
    ...             "assigned_partitions": [{"topic": "c.clicks", "partitions": [1, 0]}]
    ...         },
    ...     },
    ...     "c.",
    ... )
    Member(group='stream', name='faust-1', host='10.0.0.5', partitions={'clicks': [0, 1]})
    """
    assignment = described.get("member_assignment") or {}
    owned = assignment.get("assigned_partitions", []) if isinstance(assignment, Mapping) else []
    return Member(
        group=group,
        name=str(described.get("client_id", "")),
        host=str(described.get("client_host", "")).lstrip("/"),
        partitions={
            str(one["topic"]).removeprefix(prefix): sorted(one["partitions"]) for one in owned
        },
    )


def _order(member: Member) -> tuple[int, list[list[int]], str, str]:
    owned = sorted(member.partitions.values())
    return GROUPS.index(member.group), owned, member.name, member.host
