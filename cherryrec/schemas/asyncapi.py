"""The AsyncAPI document: every topic with its key, policy and messages, as a site sees them."""

from __future__ import annotations

from typing import Any

from cherryrec import __version__
from cherryrec.schemas.messages import message_schemas
from cherryrec.topics import TOPICS, Topic, TopicNames, record_limit

__all__ = ["asyncapi_document"]

_BINDING = "0.5.0"
_REF = "#/components/schemas/{name}"


def asyncapi_document(prefix: str = TopicNames().prefix) -> dict[str, Any]:
    """Return an AsyncAPI 3.0 document of all topics; operations are a news site's.

    Parameters
    ----------
    prefix
        Put before every topic name.

    Examples
    --------
    >>> document = asyncapi_document()
    >>> document["channels"]["clicks"]["address"]
    'cherryrec.clicks'
    >>> sorted(document["operations"])[-1], document["operations"]["sendClicks"]["action"]
    ('sendRequests', 'send')
    """
    names = TopicNames(prefix)
    structs = [topic.message for topic in TOPICS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "CherryRec",
            "version": __version__,
            "description": (
                "Streaming news recommendation. Operations are those of a news site: it sends "
                "articles, impressions, clicks, profile updates, requests and inquiries, and "
                "receives recommendations, answers to inquiries and dead letters. Topics without "
                "an operation are internal. Unknown fields are ignored; unknown versions of "
                "`schema` are refused."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, names) for topic in TOPICS},
        "operations": {_operation_name(t): _operation(t) for t in TOPICS if t.is_public},
        "components": {
            "messages": dict(pair for topic in TOPICS for pair in _messages(topic).items()),
            "schemas": message_schemas(structs, ref_template=_REF),
        },
    }


def _channel(topic: Topic, names: TopicNames) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "cleanup.policy": topic.cleanup.split(","),
        "max.message.bytes": record_limit(topic),
        "message.timestamp.type": "LogAppendTime",
    }
    if "delete" in topic.cleanup:
        settings["retention.ms"] = 1_000 * topic.retention_s
    binding: dict[str, Any] = {"topicConfiguration": settings, "bindingVersion": _BINDING}
    if topic.n_partitions is not None:
        binding["partitions"] = topic.n_partitions
    return {
        "address": names(topic.name),
        "summary": topic.summary,
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"} for name in sorted(_messages(topic))
        },
        "bindings": {"kafka": binding},
        "x-co-partitioned": topic.co_partitioned,
        "x-internal": not topic.is_public,
    }


def _messages(topic: Topic) -> dict[str, Any]:
    """Return the message of a topic, and its tombstone if it has one."""
    name = topic.message.__name__
    binding = {
        "kafka": {
            "key": {"type": "string", "description": topic.key},
            "bindingVersion": _BINDING,
        }
    }
    messages: dict[str, Any] = {
        name: {
            "name": name,
            "summary": topic.summary,
            "contentType": "application/json",
            "payload": {"$ref": _REF.format(name=name)},
            "bindings": binding,
        }
    }
    if topic.tombstone is not None:
        messages[f"{name}Tombstone"] = {
            "name": f"{name}Tombstone",
            "summary": f"no value: {topic.tombstone}",
            "payload": {"type": "null"},
            "bindings": binding,
        }
    return messages


def _operation_name(topic: Topic) -> str:
    words = "".join(word.capitalize() for word in topic.name.split("-"))
    return f"{_action(topic)}{words}"


def _operation(topic: Topic) -> dict[str, Any]:
    return {
        "action": _action(topic),
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": topic.summary,
        "messages": [
            {"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in _messages(topic)
        ],
    }


def _action(topic: Topic) -> str:
    return "send" if topic.is_input else "receive"
