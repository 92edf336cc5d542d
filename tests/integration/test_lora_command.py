"""`lora publish` and `lora withdraw` send what workers follow, and refuse what they could not."""

from __future__ import annotations

from pathlib import Path

from cherryrec.codec import decode
from cherryrec.events import LoraPublished
from tests.gpu_worker.lora_folder import write_folder
from tests.integration.own_topics import Topics


def test_publish_sends_folder_and_fingerprint_under_the_base_model(
    topics: Topics, tmp_path: Path
) -> None:
    weights = write_folder(tmp_path / "lora", base="Qwen2-7B")

    ended = topics.run("lora", "publish", "lora")
    elsewhere = topics.run("lora", "publish", "lora", "--path", "/weights/1", "--base", "x/Other")

    assert (ended.code, elsewhere.code) == (0, 0)
    assert ended.out.startswith(f"published: {weights.fingerprint} from '{tmp_path / 'lora'}' for")
    first, second = topics.records("lora-weights")
    message = decode(LoraPublished, first.value)
    assert (first.key, message.path) == (b"Qwen2-7B", str(tmp_path / "lora"))
    assert message.fingerprint == weights.fingerprint
    assert (second.key, decode(LoraPublished, second.value).path) == (b"Other", "/weights/1")


def test_withdraw_sends_the_tombstone_of_what_is_published(topics: Topics, tmp_path: Path) -> None:
    write_folder(tmp_path / "lora", base="Qwen2-7B")

    nothing = topics.run("lora", "withdraw")
    topics.run("lora", "publish", "lora")
    unknown = topics.run("lora", "withdraw", "Llama")
    ended = topics.run("lora", "withdraw")
    again = topics.run("lora", "withdraw", "Qwen/Qwen2-7B")

    assert (nothing.code, unknown.code, ended.code, again.code) == (2, 2, 0, 2)
    assert "BASE must say for which model where there is not exactly one, got none" in nothing.err
    assert "BASE must be a model with published weights (Qwen2-7B), got 'Llama'" in unknown.err
    assert [(one.key, one.value is None) for one in topics.records("lora-weights")] == [
        (b"Qwen2-7B", False),
        (b"Qwen2-7B", True),
    ]


def test_a_folder_without_weights_is_not_published(topics: Topics, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    ended = topics.run("lora", "publish", "empty")

    assert ended.code == 1
    assert "must be a folder with adapter_config.json, got 'empty'" in ended.err
    assert topics.records("lora-weights") == []
