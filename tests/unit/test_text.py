"""Hashed text: stable, unit length, alike where words are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cherryrec.errors import ConfigError
from cherryrec.text import HashedText, stable_hash

TEXT = HashedText(128)


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_vector_is_finite_and_of_length_one_or_zero(title: str, abstract: str) -> None:
    vector = TEXT.embed(title, abstract)

    length = float(np.linalg.norm(vector.astype(float)))
    assert vector.dtype == np.float32
    assert length == pytest.approx(1.0, abs=1e-5) or length == 0.0


@pytest.mark.parametrize(
    ("one", "alike", "other"),
    [
        ("Storm floods harbour towns", "Harbour flooded by storms", "Novel wins prize"),
        ("Regierung beschließt Steuerreform", "Steuerreformen beschlossen", "Sturm an der Küste"),
        ("Ny regering dannet i dag", "Regeringen dannes", "Håndbold om aftenen"),
        ("政府通过税收改革", "税收改革今日通过", "台风袭击沿海城镇"),
    ],
)
def test_shared_words_and_parts_of_words_make_texts_alike(one: str, alike: str, other: str) -> None:
    near, far = (float(TEXT.embed(one) @ TEXT.embed(t)) for t in (alike, other))

    assert near > far + 0.1


def test_case_order_and_repetition_do_not_matter() -> None:
    plain = TEXT.embed("storm floods harbour")

    assert TEXT.embed("Harbour FLOODS storm storm").tolist() == pytest.approx(plain.tolist())


def test_an_abstract_counts_less_than_the_title() -> None:
    title = TEXT.embed("storm floods harbour")
    own = TEXT.embed("storm floods harbour", "parliament passes reform")
    swapped = TEXT.embed("parliament passes reform", "storm floods harbour")

    assert float(title @ own) > float(title @ swapped) > 0.1


def test_a_text_without_words_is_zero() -> None:
    assert not TEXT.embed("?! a ...").any()


@given(st.lists(st.text(max_size=12), unique=True, min_size=2, max_size=50))
def test_hashes_differ_and_fit_64_bits(texts: list[str]) -> None:
    hashes = {stable_hash(text) for text in texts}

    assert len(hashes) == len(texts)
    assert all(0 <= value < 2**64 for value in hashes)


def test_the_halves_of_a_hash_are_independent() -> None:
    """Two CRC-32s with different starts differ by a constant: they were one 32-bit hash."""
    hashes = [stable_hash(f"i{k:05d}") for k in range(1_000)]

    assert len({(value >> 32) ^ (value & 0xFFFFFFFF) for value in hashes}) == len(hashes)


def test_every_process_computes_the_same() -> None:
    code = (
        "from cherryrec.text import HashedText, stable_hash;"
        "print(stable_hash('i1'), HashedText(128).embed('Storm hits coast').tobytes().hex())"
    )
    root = str(Path(__file__).parents[2])
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root},
        ).stdout
        for seed in ("0", "7")
    }

    here = f"{stable_hash('i1')} {TEXT.embed('Storm hits coast').tobytes().hex()}\n"
    assert printed == {here}


@pytest.mark.parametrize("n", [0, 8, 100, 8_192])
def test_dimensions_that_do_not_hash_are_refused(n: int) -> None:
    with pytest.raises(ConfigError, match=f"power of two from 16 to 4096, got {n}"):
        HashedText(n)
