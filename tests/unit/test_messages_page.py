"""docs/messages.md: every example is a message of its topic as the codec reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.topics import TOPICS, topic_named

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
EXAMPLES: dict[str, str] = dict(
    re.findall(r"^### `([a-z-]+)`.*?^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
)


def test_there_is_an_example_of_every_public_topic() -> None:
    assert set(EXAMPLES) == {topic.name for topic in TOPICS if topic.is_public}


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_a_message_of_its_topic(name: str) -> None:
    topic = topic_named(name)

    event = decode(topic.message, EXAMPLES[name].encode())

    named = re.search(rf"^### `{name}`, key: (.*)$", PAGE, re.MULTILINE)
    whose = {"user_id": "the user's id", "article_id": "the article's id"}
    assert (named[1] if named else None) == whose.get(topic.key)
    assert topic.key_of(event) in {b"U7", b"A1"}
