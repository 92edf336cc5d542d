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
from cherryrec.text.hashed import MAX_CHARACTERS

TEXT = HashedText()
WEIRD = st.characters(exclude_categories=())  # halves of surrogate pairs too


@given(st.text(WEIRD, max_size=80), st.text(WEIRD, max_size=80))
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
        ("台風が沿岸の町を襲った", "沿岸の町に台風", "国会で減税法案が可決された"),
        ("정부가 세제 개편안을 통과시켰다", "세제 개편 통과", "태풍이 해안 도시를 강타했다"),
        ("พายุถล่มเมืองชายฝั่ง", "ชายฝั่งเตรียมรับพายุ", "รัฐสภาผ่านกฎหมายภาษี"),
        ("Шторм затопил прибрежные города", "Прибрежный город после шторма", "Роман года"),
        ("الحكومة تقر إصلاح الضرائب", "إصلاحات ضريبية للحكومة", "العاصفة تضرب الساحل"),
        ("सरकार ने कर सुधार पारित किया", "कर सुधारों पर सरकार", "तूफान तट से टकराया"),
        ("Ψηφίζει φόρους η κυβέρνηση", "Φόροι: ψήφος της κυβέρνησης", "Καταιγίδα στην ακτή"),
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


@pytest.mark.parametrize("text", ["", " ", "?! a ...", "😀🎉❤️❤️", "\ud83d", "\x00", "。、「」"])
def test_a_text_without_words_is_zero(text: str) -> None:
    assert not TEXT.embed(text).any()
    assert not TEXT.embed("", text).any()


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("Café zu", "CAFE\u0301 ZU"),  # an accent apart
        ("iPhone 17", "\uff49\uff30\uff48\uff4f\uff4e\uff45　\uff11\uff17"),  # full width
        ("Storm hits", "\U0001d412\U0001d413\U0001d40e\U0001d411\U0001d40c hits"),  # styled
        ("Regierungskrise", "Regierungs\u00adkrise"),
        ("Straße", "STRASSE"),
        ("storm 😀 floods", "storm floods"),
        ("storm\ud83dfloods", "storm floods"),
        ("iPhone发布会", "iPhone 发布会"),
    ],
)
def test_ways_to_write_the_same_give_the_same(one: str, same: str) -> None:
    assert TEXT.embed(one).tolist() == TEXT.embed(same).tolist()


def test_marks_hold_a_word_together() -> None:
    """By `\\w` alone a word of Hindi falls into its consonants, all too short to count."""
    assert TEXT.embed("की").any()


def test_hiragana_counts_little_beside_han() -> None:
    title = TEXT.embed("台風がきています")
    grammar, topic = TEXT.embed("きています"), TEXT.embed("台風")

    assert float(title @ topic) > 2 * float(title @ grammar) > 0


@pytest.mark.parametrize("text", ["storm ", "政府通过", "가나다라 ", "𠀀𠀁"])
def test_no_more_is_read_than_the_bound(text: str) -> None:
    long = text * 1_000
    title = TEXT.embed(long)

    assert title.tolist() == TEXT.embed(long[:MAX_CHARACTERS]).tolist()
    assert float(title @ title) == pytest.approx(1.0, abs=1e-5)
    assert float(title @ TEXT.embed("", long)) == pytest.approx(1.0, abs=1e-5)


def test_many_different_words_fill_the_table_of_hashes_and_end() -> None:
    rng = np.random.default_rng(0)
    for low, high in ((0x4E00, 0x9FFF), (ord("a"), ord("z"))):
        codes = rng.integers(low, high, MAX_CHARACTERS)

        assert TEXT.embed("".join(map(chr, codes)), "".join(map(chr, codes[::-1]))).any()


@given(st.lists(st.text(max_size=12), unique=True, min_size=2, max_size=50))
def test_hashes_differ_and_fit_64_bits(texts: list[str]) -> None:
    hashes = {stable_hash(text) for text in texts}

    assert len(hashes) == len(texts)
    assert all(0 <= value < 2**64 for value in hashes)


def test_the_halves_of_a_hash_are_independent() -> None:
    """Two CRC-32s with different starts differ by a constant: they were one 32-bit hash."""
    hashes = [stable_hash(f"i{k:05d}") for k in range(1_000)]

    assert len({(value >> 32) ^ (value & 0xFFFFFFFF) for value in hashes}) == len(hashes)


@pytest.mark.slow
def test_every_process_computes_the_same() -> None:
    code = (
        "from cherryrec.text import HashedText, stable_hash;"
        "print(stable_hash('i1'), HashedText().embed('Storm 政府').tobytes().hex())"
    )
    root = str(Path(__file__).parents[3])
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

    here = f"{stable_hash('i1')} {TEXT.embed('Storm 政府').tobytes().hex()}\n"
    assert printed == {here}


@pytest.mark.parametrize("n", [0, 8, 100, 8_192])
def test_dimensions_that_do_not_hash_are_refused(n: int) -> None:
    with pytest.raises(ConfigError, match=f"power of two from 16 to 4096, got {n}"):
        HashedText(n)
