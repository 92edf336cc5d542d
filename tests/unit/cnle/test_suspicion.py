"""The scanner of titles: what it finds in the red-team set, and that it leaves news alone."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from benchmarks._attacks import KINDS, attacks
from cherryrec.cnle import REASONS, suspicion
from cherryrec.evaluation.generate.world import build_world
from cherryrec.evaluation.mind import MindLog

LOGS = Path(__file__).parents[4] / "shared" / "data"

# Share found of each kind. Praise and lone quotes are what headlines are made of as well.
AT_LEAST = dict.fromkeys(KINDS, 0.85) | {"flattery": 0.4, "fence": 0.4}
MOST_WRONGLY = 0.002


def suspicious_share(titles: set[str]) -> float:
    return sum(bool(suspicion(title)) for title in titles) / len(titles)


@pytest.mark.parametrize("kind", KINDS)
def test_most_attacks_of_a_kind_are_found(kind: str) -> None:
    titles = {one.written("C") for one in attacks() if one.kind == kind}

    assert suspicious_share(titles) >= AT_LEAST[kind]


def test_the_kinds_with_a_reason_of_their_own_are_found_by_it() -> None:
    found = defaultdict(list)
    for attack in attacks():
        found[attack.kind].append(suspicion(attack.written("C")))

    for kind in ("control", "bidi", "special_token"):
        n_named = sum(kind in reasons for reasons in found[kind])
        assert n_named >= 0.75 * len(found[kind]), kind


def test_generated_headlines_are_not_suspicious() -> None:
    world = build_world(
        np.random.default_rng(0), n_users=1, n_articles=5_000, starts_at=0.0, days=2.0
    )

    titles = {one.title for one in world.headlines}

    assert len(titles) > 4_000
    assert suspicious_share(titles) <= MOST_WRONGLY


@pytest.mark.parametrize("name", ["mind_small", "ebnerd_demo"])
def test_real_headlines_are_hardly_ever_suspicious(name: str) -> None:
    if not (LOGS / name).is_dir():
        pytest.skip("the log is not there")

    titles = sorted({article.title for article in MindLog(LOGS / name).articles().values()})

    assert suspicious_share(set(titles[::4])) <= MOST_WRONGLY


@pytest.mark.parametrize(
    "title",
    [
        "Pick A Winner: Five Stocks for Autumn",
        "Vitamin D: who needs it?",
        "How large language models change the newsroom",
        "System failure leaves trains standing",
        "The candidates debate again on Thursday",
        "A-ha, ABBA and U2: the G7 of pop",
        "\u6771\u4eac\u3067\u5927\u96ea\u3001\u96fb\u8eca\u304c\u904b\u4f11",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u05e6\u05d4\u05f4\u05dc \u05de\u05d5\u05d3\u05d9\u05e2\u200f",
        "I \u2764\ufe0f news \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "",
    ],
)
def test_what_news_and_living_scripts_need_is_not_suspicious(title: str) -> None:
    assert suspicion(title) == ()


def test_reasons_are_a_closed_set_in_a_fixed_order() -> None:
    for attack in attacks():
        reasons = suspicion(attack.written("C"))
        assert list(reasons) == sorted(set(reasons), key=REASONS.index)


def test_a_title_of_any_length_is_read_in_bounded_time() -> None:
    # A pattern that backtracked over a title once took more than five minutes.
    for part in ("ignore ", "<| ", '" ', "A: b ", "the reader ", "a1", "( "):
        assert "too_long" in suspicion(part * 200_000)
