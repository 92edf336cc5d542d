"""Sentence vectors kept between runs: a title is read once, by each model, whoever asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.cli.remembered import RememberedVectors, vectors_of
from cherryrec.errors import ServiceError
from cherryrec.text import SENTENCE_DIMENSIONS, SentenceModel


class Counted:
    """A model that counts what it reads."""

    def __init__(self, version: str, at: int) -> None:
        self.n = 0
        self.at = at
        self.model = SentenceModel(version, self.read)

    def read(self, text: str) -> NDArray[np.float32]:
        self.n += 1
        vector = np.zeros(SENTENCE_DIMENSIONS, np.float32)
        vector[(self.at, len(text)),] = 1.0
        return vector


def test_a_title_is_read_once(tmp_path: Path) -> None:
    counted = Counted("one/1", 100)
    for _ in range(2):
        vectors = RememberedVectors(counted.model, tmp_path / "new" / "vectors")
        found = vectors.embed("Storm")
        vectors.close()
        assert found.nonzero()[0].tolist() == [5, 100]

    assert counted.n == 1


def test_another_version_reads_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    for counted in (Counted("one/1", 100), Counted("one/2", 200)):
        vectors = RememberedVectors(counted.model, path)
        assert vectors.embed("Storm").nonzero()[0].tolist() == [5, counted.at]
        vectors.close()


def test_two_processes_share_it(tmp_path: Path) -> None:
    counted = Counted("one/1", 100)
    one, other = (RememberedVectors(counted.model, tmp_path / "vectors") for _ in range(2))
    one.embed("Storm")
    one.close()

    assert other.embed("Storm").any()
    other.close()
    assert counted.n == 1


def test_a_file_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(b"no database at all" * 100)

    with pytest.raises(ServiceError, match=r"kept in '.*vectors', which cannot be used.*delete it"):
        RememberedVectors(Counted("one/1", 1).model, path)


@pytest.mark.slow
def test_titles_of_a_log_are_read_before(tmp_path: Path) -> None:
    vector_of = vectors_of(["Storm hits coast", "Storm hits coast"], "minilm", tmp_path)

    assert vector_of is not None
    assert vector_of("Storm hits coast").any()
    assert vector_of("One that came later").any()
    assert [path.name for path in tmp_path.iterdir()] == ["sentence-vectors.sqlite"]


def test_without_a_model_nothing_is_kept(tmp_path: Path) -> None:
    assert vectors_of(["Storm"], "none", tmp_path) is None
    assert not list(tmp_path.iterdir())
