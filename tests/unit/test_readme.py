"""README: short, and its first events and its slate are messages as the code reads them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cherryrec.codec import decode
from cherryrec.events import Recommendation
from cherryrec.topics import topic_named

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SENT = [
    (topic, line)
    for topic, lines in re.findall(r"send - --topic (\S+) <<'END'\n(.*?)END\n", README, re.DOTALL)
    for line in lines.splitlines()
]


def test_readme_is_read_in_one_go() -> None:
    assert len(README.encode()) <= 12_000, "move what a newcomer does not need to docs"


def test_the_first_events_are_an_example_of_a_click_and_of_a_request() -> None:
    assert {topic for topic, _ in SENT} == {"articles", "clicks", "requests"}


@pytest.mark.parametrize(("topic", "line"), SENT)
def test_the_first_events_are_messages(topic: str, line: str) -> None:
    decode(topic_named(topic).message, line.encode())


def test_the_scores_of_the_slate_shown_are_the_sums_of_their_contributions() -> None:
    shown = re.search(r"<!-- slate -->\n```json\n(.*?)```", README, re.DOTALL)
    assert shown is not None

    slate = decode(Recommendation, shown[1].encode()).slate

    assert len(slate) == 2
    for item in slate:
        assert item.score == pytest.approx(sum(item.contributions.values()), abs=1e-9)
