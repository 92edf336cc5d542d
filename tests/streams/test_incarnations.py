from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cherryrec.events import Click, TopicEpoch, instant
from cherryrec.profile import Profile, ProfileConfig, apply_click
from cherryrec.supervised import Cluster
from streams.incarnations import EPOCH_BITS, Incarnations, agree


class Log:
    """The topic `topic-epochs`, with a worker that may write just before we do."""

    def __init__(self, *entries: tuple[str, str, int]) -> None:
        self.entries = [entry(*one) for one in entries]
        self.before_ours: list[TopicEpoch] = []

    def read(self) -> Sequence[TopicEpoch]:
        return list(self.entries)

    def write(self, entries: Sequence[TopicEpoch]) -> None:
        self.entries += self.before_ours + list(entries)
        self.before_ours = []

    def compact(self) -> None:
        self.entries = list({one.topic: one for one in self.entries}.values())


def entry(topic: str, topic_id: str, epoch: int) -> TopicEpoch:
    return TopicEpoch(topic=topic, topic_id=topic_id, epoch=epoch)


def agreed(
    log: Log, ids: Mapping[str, str], first: Callable[[], int] = lambda: 0
) -> dict[str, int]:
    return agree(ids, log, first=first)


def test_topics_of_a_new_installation_are_in_their_first_epoch() -> None:
    log = Log()

    assert agreed(log, {"clicks": "a", "requests": "b"}) == {"clicks": 0, "requests": 0}
    assert log.entries == [entry("clicks", "a", 0), entry("requests", "b", 0)]


def test_known_incarnations_are_agreed_without_writing() -> None:
    log = Log(("clicks", "a", 3))

    assert agreed(log, {"clicks": "a"}) == {"clicks": 3}
    assert len(log.entries) == 1


def test_topic_made_anew_gets_the_next_epoch_and_the_others_keep_theirs() -> None:
    log = Log(("clicks", "a", 0), ("requests", "b", 5))

    assert agreed(log, {"clicks": "c", "requests": "b"}) == {"clicks": 1, "requests": 5}


def test_first_epoch_of_topics_with_state_is_above_what_the_state_can_know() -> None:
    assert agreed(Log(), {"clicks": "a"}, first=lambda: 60_000) == {"clicks": 60_000}


def test_the_first_epoch_is_asked_for_once() -> None:
    asked: list[int] = []

    def first() -> int:
        asked.append(1)
        return 7

    assert agreed(Log(), {"articles": "a", "clicks": "b", "requests": "c"}, first=first) == {
        "articles": 7,
        "clicks": 7,
        "requests": 7,
    }
    assert len(asked) == 1, "each question opens a connection to Kafka"


def test_worker_that_comes_second_takes_the_epoch_of_the_first_and_repeats_it() -> None:
    log = Log()
    log.before_ours = [entry("clicks", "a", 7)]

    assert agreed(log, {"clicks": "a"}) == {"clicks": 7}
    log.compact()
    assert agreed(log, {"clicks": "a"}) == {"clicks": 7}


def test_brokers_without_topic_ids_stay_in_the_first_epoch() -> None:
    log = Log()

    assert agreed(log, {"clicks": ""}) == {}
    assert log.entries == []
    assert Incarnations().position("clicks", 7) == 7


def test_positions_rise_from_one_incarnation_to_the_next() -> None:
    before = Incarnations(Cluster("c", {}), {"clicks": 0})
    after = Incarnations(Cluster("c", {}), {"clicks": 1})

    assert after.position("clicks", 0) > before.position("clicks", 10**9)
    assert after.offset("clicks", after.position("clicks", 10**9)) == 10**9
    assert after.offset("clicks", before.position("clicks", 5)) is None
    assert after.offset("clicks", -1) is None


def test_hours_of_this_century_leave_room_in_a_signed_number_of_64_bits() -> None:
    hours_of_a_century = 24 * 366 * 100

    assert (hours_of_a_century << EPOCH_BITS) + (1 << EPOCH_BITS) < 2**62


def test_click_of_a_topic_made_anew_is_applied_to_a_reader_of_the_old_one() -> None:
    old, new = Incarnations(), Incarnations(Cluster("c", {}), {"clicks": 1})
    profile = Profile()
    outcomes = []
    for incarnation, offset, name in ((old, 500, "a"), (new, 0, "b"), (new, 0, "b")):
        click = Click(event_id=name, user_id="u", article_id=name, clicked_at=instant(60.0))
        profile, outcome = apply_click(
            profile,
            click,
            offset=incarnation.position("clicks", offset),
            config=ProfileConfig(),
            embed=lambda _: None,
        )
        outcomes.append(outcome)

    assert outcomes == ["applied", "applied", "again"]
