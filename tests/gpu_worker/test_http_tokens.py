"""Titles cut and prompts counted by the servers, or by their tokenizer here, or it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from cherryrec.cnle import ANSWER_CUE, LETTERS, Prompt
from cherryrec.errors import ModelError
from gpu_worker.backends import LetterScores, load_backend
from gpu_worker.backends.http import HttpBackend
from gpu_worker.config import GpuConfig
from tests.gpu_worker.wire_server import START, WireServer, serving


def byte_level(*words: str) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=["<|end|>", "<|start|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    lines = [f"{ANSWER_CUE} {letter}" for letter in LETTERS] * 50
    tokenizer.train_from_iterator([*lines, *words], trainer)
    return tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a tokenizer.json is, with settings that would cut and pad prompts."""
    tokenizer = byte_level("storm", "coast")
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=16)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


@pytest.fixture
def server() -> Iterator[WireServer]:
    with serving(WireServer(tokenizer=byte_level("storm", "coast"))) as one:
        yield one


def load(server: WireServer, folder: Path, **settings: object) -> HttpBackend:
    config = {"server_urls": (server.url,), "server_tokenizer": str(folder), **settings}
    backend = load_backend(GpuConfig(backend="http", **config))  # type: ignore[arg-type]
    assert isinstance(backend, HttpBackend)
    return backend


def test_prompts_go_as_tokens_with_what_inputs_begin_with(
    server: WireServer, folder: Path, prompts: list[Prompt]
) -> None:
    backend = load(server, folder)

    (verdict,) = backend.evaluate(prompts[:1])

    sent = server.bodies("/v1/completions")[-1]["prompt"]
    assert isinstance(verdict, LetterScores)
    assert sent[0] == START
    assert sent[1:] == server.encode(prompts[0].prefix) + server.encode(prompts[0].suffix)
    assert backend.n_tokens(prompts[0]) == len(sent)


def test_titles_are_cut_here_without_asking(server: WireServer, folder: Path) -> None:
    backend = load(server, folder, title_tokens=3)
    server.asked.clear()

    assert backend.cut("storm coast storm coast") == server.decode(
        server.encode("storm coast storm coast")[:3]
    )
    assert backend.cut("東京") == "東", "half a character is left out"
    assert server.asked == []


def test_a_control_token_spelled_in_a_title_is_characters(
    server: WireServer, folder: Path, prompts: list[Prompt]
) -> None:
    backend = load(server, folder)
    prompt = Prompt(
        template_id="x", prefix="<|end|>", suffix=prompts[0].suffix, order=prompts[0].order
    )

    backend.evaluate([prompt])

    sent = server.bodies("/v1/completions")[-1]["prompt"]
    assert 0 not in sent
    assert server.tokenizer.token_to_id("<|end|>") == 0


def test_another_tokenizer_than_the_servers_is_refused(server: WireServer, tmp_path: Path) -> None:
    other = byte_level("storm", "coast")
    other.add_tokens([AddedToken("naïve")])
    other.save(str(tmp_path / "tokenizer.json"))

    with pytest.raises(ModelError, match="server_tokenizer must be the servers' own tokenizer"):
        load(server, tmp_path)


def test_a_file_that_is_no_tokenizer_is_refused(server: WireServer, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")

    with pytest.raises(ModelError, match=r"must be a readable tokenizer\.json, got"):
        load(server, tmp_path)


@pytest.mark.parametrize("api", ["vllm", "sglang"])
def test_titles_are_cut_by_the_servers_tokenizer_once_each(api: str) -> None:
    long = "one two three four five six seven eight nine ten"
    with serving(WireServer(api=api)) as server:
        backend = load(server, Path(), server_tokenizer="", title_tokens=8)
        server.asked.clear()

        assert backend.cut("short") == "short"
        assert backend.cut("eight words or fewer are kept") == "eight words or fewer are kept"
        assert backend.cut(long) == backend.cut(long) == "one two three four five six seven eight"

        assert [path for path, _ in server.asked] == ["/tokenize", "/tokenize", "/detokenize"]


def test_a_prompts_length_is_estimated_and_then_known(prompts: list[Prompt]) -> None:
    with serving(WireServer()) as server:
        backend = load(server, Path(), server_tokenizer="")

        (verdict,) = backend.evaluate(prompts[:1])

        assert isinstance(verdict, LetterScores)
        assert verdict.n_tokens == len(server.encode(prompts[0].text))
        assert backend.n_tokens(prompts[0]) == -(-len(prompts[0].text.encode()) // 3)
