"""The generated files: names and bytes, the same for the same code."""

from __future__ import annotations

import json
from typing import Any

from cherryrec.schemas.asyncapi import asyncapi_document
from cherryrec.schemas.messages import message_schema
from cherryrec.topics import TOPICS, TopicNames

__all__ = ["schema_files"]


def schema_files(prefix: str = TopicNames().prefix) -> dict[str, bytes]:
    """Return file name → bytes: a JSON Schema a message, and `asyncapi.json`.

    Parameters
    ----------
    prefix
        Put before every topic name.

    Examples
    --------
    >>> sorted(schema_files())[:2]
    ['ArticleActivity.json', 'ArticlePublished.json']
    """
    files = {
        f"{topic.message.__name__}.json": _encoded(message_schema(topic.message))
        for topic in TOPICS
    }
    return {**files, "asyncapi.json": _encoded(asyncapi_document(prefix))}


def _encoded(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
