"""Answers kept user by user: what a kill leaves, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("bm25s")

from cherryrec.errors import ConfigError
from gpu_worker.generative.kept import KeptAnswers


def test_what_a_kill_cut_is_asked_again_and_the_rest_is_there(tmp_path: Path) -> None:
    path = tmp_path / "made" / "answers.jsonl"
    KeptAnswers(path).add("u1", [0.5])
    with path.open("ab") as file:
        file.write(b'{"user": "u2", "answ')

    KeptAnswers(path).add("u3", [0.25])

    again = KeptAnswers(path)
    assert [again.of(user) for user in ("u1", "u2", "u3")] == [[0.5], None, [0.25]]


def test_a_line_that_is_no_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    KeptAnswers(path).add("u1", [0.5])
    with path.open("ab") as file:
        file.write(b"spoiled\n")

    with pytest.raises(ConfigError, match=r"line 2 of .* must be an answer, got .*: remove it"):
        KeptAnswers(path)
