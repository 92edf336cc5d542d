"""The AsyncAPI document: every topic, every reference, and the committed copy the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cherryrec.codec import encode
from cherryrec.schemas import asyncapi_document, schema_files
from cherryrec.topics import TOPICS, Topic
from streams.admin import topic_settings
from tests.commands import run_command
from tests.unit.schemas.messages import MESSAGES

COMMITTED = Path(__file__).parents[3] / "docs" / "schemas"
DOCUMENT = asyncapi_document()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(reference: str, document: Any = DOCUMENT) -> Any:
    assert reference.startswith("#/"), "a document refers to nothing outside itself"
    node = document
    for part in reference[2:].split("/"):
        node = node[part]
    return resolved(node["$ref"]) if set(node) == {"$ref"} else node


def test_every_reference_resolves() -> None:
    found = set(references(DOCUMENT))

    assert len(found) > len(TOPICS)
    for reference in found:
        assert isinstance(resolved(reference), dict), reference


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_channel_says_what_the_topic_is(topic: Topic) -> None:
    channel = DOCUMENT["channels"][topic.name]
    binding = channel["bindings"]["kafka"]
    messages = {name: resolved(one["$ref"]) for name, one in channel["messages"].items()}

    assert channel["address"] == f"cherryrec.{topic.name}"
    assert binding.get("partitions") == topic.n_partitions
    written = {
        key: ",".join(value) if isinstance(value, list) else str(value)
        for key, value in binding["topicConfiguration"].items()
    }
    assert written == topic_settings(topic)
    assert any(name.endswith("Tombstone") for name in messages) == (topic.tombstone is not None)
    for message in messages.values():
        assert message["bindings"]["kafka"]["key"]["description"] == topic.key


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_payload_of_the_document_is_what_the_topic_carries(topic: Topic) -> None:
    name = topic.message.__name__
    payload = DOCUMENT["components"]["messages"][name]["payload"]
    schema = {**payload, "components": DOCUMENT["components"]}

    jsonschema.Draft202012Validator(schema).validate(json.loads(encode(MESSAGES[topic.name])))


def test_operations_are_a_sites_and_of_public_topics_only() -> None:
    actions = {
        one["channel"]["$ref"].rsplit("/", 1)[1]: one["action"]
        for one in DOCUMENT["operations"].values()
    }

    assert actions == {
        "articles": "send",
        "impressions": "send",
        "clicks": "send",
        "profile-updates": "send",
        "requests": "send",
        "inquiries": "send",
        "inquiry-answers": "receive",
        "recommendations": "receive",
        "dead-letters": "receive",
    }


def test_committed_copies_are_what_the_code_generates() -> None:
    committed = {path.name: path.read_bytes() for path in COMMITTED.iterdir()}

    assert committed == schema_files(), "run `cherryrec schema docs/schemas` and commit"


def test_prefix_changes_the_addresses_alone() -> None:
    files, other = schema_files(), schema_files("site.")

    assert other["asyncapi.json"] == files["asyncapi.json"].replace(b'"cherryrec.', b'"site.')
    assert {**other, "asyncapi.json": b""} == {**files, "asyncapi.json": b""}


def test_command_writes_them(tmp_path: Path) -> None:
    ended = run_command("schema", str(tmp_path / "new" / "schemas"))

    assert ended.code == 0
    assert ended.out.startswith("21 JSON Schemas and asyncapi.json are in ")
    written = {path.name: path.read_bytes() for path in (tmp_path / "new" / "schemas").iterdir()}
    assert written == schema_files()


def test_folder_that_cannot_be_made_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    ended = run_command("schema", str(tmp_path / "file" / "schemas"))

    assert ended.code == 2
    assert "DIR must be writable" in ended.err
