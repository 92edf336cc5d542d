"""Vectors of tokens: alike where meanings are, and nothing read where they are not wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from cherryrec.errors import ConfigError
from cherryrec.text import TokenVectors, load_token_vectors, tokens
from cherryrec.text.hashed import MAX_CHARACTERS
from cherryrec.text.spelling import composed

ROOT = Path(__file__).parents[3]
WEIRD = st.characters(exclude_categories=())  # halves of surrogate pairs too


def tokenizer_file() -> Path:
    found = find_spec("wordllama")
    assert found is not None
    assert found.submodule_search_locations
    return next(Path(found.submodule_search_locations[0]).glob("tokenizers/l2_supercat*.json"))


@pytest.fixture(scope="module")
def vectors() -> TokenVectors:
    loaded = load_token_vectors("wordllama")
    assert loaded is not None
    return loaded


@pytest.mark.parametrize(
    ("one", "alike", "other"),
    [
        ("Storm hits coast", "Hurricane nears shore", "Parliament cuts taxes"),
        (
            "Striker scores late winner",
            "Goalkeeper saves team in football final",
            "Fed lifts rates",
        ),
        ("Actor wins film award", "Oscar night for a movie star", "Recipe for tomato soup"),
    ],
)
def test_titles_of_one_topic_are_alike_without_a_word_in_common(
    vectors: TokenVectors, one: str, alike: str, other: str
) -> None:
    near, far = (float(vectors.embed(one) @ vectors.embed(t)) for t in (alike, other))

    assert near > far + 0.1


@pytest.mark.parametrize(
    "title",
    ["Storm hits the coast", "Q3: ACME's profits up 4.5%!", "Ураган 😀 政府通过 unforgettable"],
)
def test_a_vector_is_the_mean_of_its_tokens_at_unit_length(
    vectors: TokenVectors, title: str
) -> None:
    """The whole title at once, as wordllama reads it, has the tokens of its words."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file()))
    ids = tokenizer.encode(title, add_special_tokens=False).ids
    mean = vectors.table[ids].astype(float).mean(axis=0)

    np.testing.assert_allclose(vectors.embed(title), mean / np.linalg.norm(mean), atol=1e-6)


@given(st.text(WEIRD, max_size=80))
@example("\N{SOFT HYPHEN}")
def test_any_text_gives_a_finite_vector_of_length_one_or_zero(title: str) -> None:
    """Zero where no token means anything: the table's rows of some marks are zero."""
    vectors = load_token_vectors("wordllama")
    assert vectors is not None
    vector = vectors.embed(title)

    length = float(np.linalg.norm(vector.astype(float)))
    tokens = [token for word in composed(title).split() for token in vectors.tokens_of(word)]
    has_meaning = bool(vectors.table[np.array(tokens, np.int64)].any())
    assert vector.dtype == np.float32
    assert vector.shape == (vectors.n_dimensions,)
    assert length == pytest.approx(1.0, abs=1e-5) if has_meaning else length == 0.0


@pytest.mark.parametrize("title", ["", " ", "\n\t"])
def test_an_empty_title_is_zero(vectors: TokenVectors, title: str) -> None:
    assert not vectors.embed(title).any()


def test_no_more_is_read_than_the_bound(vectors: TokenVectors) -> None:
    long = "storm hits " * 10_000

    assert vectors.embed(long).tolist() == vectors.embed(long[:MAX_CHARACTERS]).tolist()


def test_vectors_are_read_once_a_process(vectors: TokenVectors) -> None:
    assert load_token_vectors("wordllama") is vectors


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="token_vectors must be one of none, wordllama, got 'w2'"):
        load_token_vectors("w2")


def test_a_missing_package_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "find_spec", lambda _: None)

    with pytest.raises(ConfigError, match=r"catalogue\.token_vectors is 'wordllama', whose pack"):
        load_token_vectors.__wrapped__("wordllama")


def test_a_tokenizer_of_other_vectors_is_refused(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    save_file({"embedding.weight": np.zeros((3, 16), np.float16)}, weights)

    with pytest.raises(ConfigError, match=r"w\.safetensors has 3 vectors for 32000 tokens"):
        tokens._read(weights, tokenizer_file())


def test_a_package_without_the_files_names_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"catalogue\.token_vectors needs w\.safetensors, which"):
        tokens._read(tmp_path / "w.safetensors", tmp_path / "t.json")


def child(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    ).stdout


@pytest.mark.slow
def test_every_process_computes_the_same_and_imports_no_code_of_the_package(
    vectors: TokenVectors,
) -> None:
    code = (
        "import logging, socket, sys\n"
        "socket.socket = None  # no network\n"
        "from cherryrec.text import load_token_vectors\n"
        "print(load_token_vectors('wordllama').embed('Storm 😀 hits').tobytes().hex())\n"
        "print('wordllama' in sys.modules, logging.root.handlers)\n"
    )
    printed = {child(code, PYTHONHASHSEED=seed) for seed in ("0", "7")}

    assert printed == {f"{vectors.embed('Storm 😀 hits').tobytes().hex()}\nFalse []\n"}


@pytest.mark.slow
def test_none_reads_nothing() -> None:
    code = (
        "import sys\n"
        "from cherryrec.text import load_token_vectors\n"
        "print(load_token_vectors('none'), {'tokenizers', 'safetensors'} & {*sys.modules})\n"
    )

    assert child(code) == "None set()\n"
