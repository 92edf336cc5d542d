"""Baselines that know users by what they read, in small worlds whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.evaluation.baselines import ItemKnn, Readings, SmoothedCtr, TopicPop, Vsknn
from cherryrec.evaluation.mind import MindArticle, MindImpression

CATEGORIES = {"a": "sport", "b": "sport", "c": "politics", "d": "politics"}
ARTICLES = {i: MindArticle(i, category, None, "", "", "", ()) for i, category in CATEGORIES.items()}


def read(user: str, clicked: str, history: str = "", slate: str = "") -> MindImpression:
    """Return an impression of which `clicked` were clicked, the rest of the slate not."""
    shown = tuple(dict.fromkeys(clicked + slate))
    return MindImpression(
        user, user, 0.0, tuple(history), shown, tuple(a in clicked for a in shown)
    )


def asked(user: str, slate: str, history: str = "") -> MindImpression:
    return MindImpression("asked", user, 0.0, tuple(history), tuple(slate), None)


def checkerboard(learner: ItemKnn | Vsknn) -> None:
    """Let even users read even articles and odd users odd ones; the last two lack one each."""
    for user in range(10):
        articles = [str(article) for article in range(user % 2, 10, 2)]
        kept = articles[:-1] if user >= 8 else articles
        learner.learn(read(f"u{user}", "".join(kept)))


@pytest.mark.parametrize("learner", [ItemKnn(), Vsknn()], ids=["item-kNN", "V-SkNN"])
def test_the_missing_square_of_a_checkerboard_is_found(learner: ItemKnn | Vsknn) -> None:
    checkerboard(learner)

    even, odd = (learner.score(asked(user, "89")) for user in ("u8", "u9"))

    assert even[0] > even[1] == 0.0
    assert odd[1] > odd[0] == 0.0


def test_item_knn_equals_the_cosines_of_the_whole_matrix() -> None:
    rng = np.random.default_rng(0)
    knn = ItemKnn(shrinkage=3.0)
    matrix = rng.random((30, 8)) < 0.4  # users, articles
    for user, row in enumerate(matrix):
        knn.learn(read(f"u{user}", "".join(str(i) for i in np.flatnonzero(row)), slate="8"))
    n_readers = matrix.sum(axis=0) + 3.0
    cosines = (matrix.T.astype(float) @ matrix) / np.sqrt(np.outer(n_readers, n_readers))

    scores = knn.score(asked("stranger", "012567", history="34"))

    assert scores == pytest.approx(cosines[[0, 1, 2, 5, 6, 7]][:, [3, 4]].sum(axis=1))


def test_item_knn_leaves_the_user_out_of_the_neighbours() -> None:
    knn = ItemKnn()
    knn.learn(read("ann", "ab"))

    assert knn.score(asked("ann", "ab")).tolist() == [0.0, 0.0]


def test_vsknn_takes_only_the_nearest_sessions() -> None:
    far, near = read("far", "ax"), read("near", "aby")
    one, both = Vsknn(n_neighbours=1), Vsknn(n_neighbours=2)
    for knn in (one, both):
        knn.learn(far)
        knn.learn(near)

    assert both.score(asked("ann", "xy", history="ab")).tolist() == [0.5, 1.5]
    assert one.score(asked("ann", "xy", history="ab")).tolist() == [0.0, 1.5]


def test_vsknn_looks_among_the_sessions_that_ended_last() -> None:
    knn = Vsknn(n_neighbours=1, n_sampled=1)
    knn.learn(read("early", "abx"))
    knn.learn(read("late", "ay"))

    assert knn.score(asked("ann", "xy", history="ab")).tolist() == [0.0, 0.5]


def test_topic_pop_is_ctr_for_a_user_without_a_history() -> None:
    pop, ctr = TopicPop(ARTICLES), SmoothedCtr()
    for baseline in (pop, ctr):
        for user, clicked in (("1", "a"), ("2", "ac"), ("3", "d")):
            baseline.learn(read(user, clicked, slate="abcd"))

    row = asked("stranger", "abcd")

    assert pop.score(row) == pytest.approx(ctr.score(row))


def test_topic_pop_lifts_the_topics_of_the_user_and_keeps_the_order_within() -> None:
    pop = TopicPop(ARTICLES, strength=1.0)
    for user, clicked in (("1", "a"), ("2", "c"), ("3", "a"), ("4", "c")):
        pop.learn(read(user, clicked, slate="abcd"))
    pop.learn(read("fan", "d"))

    a, b, c, d = pop.score(asked("fan", "abcd", history="ab"))

    assert c > a  # the click counts, not the row's history, once there is one
    assert a > b
    assert c > d


def test_topic_pop_takes_clicks_of_the_day_into_everyones_share() -> None:
    pop = TopicPop(ARTICLES, strength=1.0)
    before = pop.score(asked("fan", "ac", history="a"))
    for user in range(50):
        pop.learn(read(str(user), "a"))
        pop.learn(read(str(user), "b"))
    after = pop.score(asked("fan", "ac", history="a"))

    assert before[0] / before[1] > 1.0
    assert after[0] / after[1] < before[0] / before[1] * (pop_ctr(100) / pop_ctr(0))


def pop_ctr(n: int) -> float:
    """Return the smoothed CTR of an article clicked each of n times it was shown."""
    return (n + 1.0) / (n + 20.0)


def test_readings_are_the_same_from_both_sides() -> None:
    rng = np.random.default_rng(1)
    readings = Readings(max_users=5, n_read=4)
    for i in range(500):
        user = f"u{rng.integers(9)}"
        clicked = "".join(rng.choice(list("abcdefgh"), size=2, replace=False))
        readings.learn(read(user, clicked, history="ab"))

        kept = {f"u{k}": readings.slot(f"u{k}") for k in range(9)}
        assert sum(slot is not None for slot in kept.values()) <= 5
        for article_id in "abcdefgh":
            wanted = {
                slot
                for name, slot in kept.items()
                if slot is not None and article_id in readings.read_by(asked(name, "a"))
            }
            assert set(readings.readers(article_id).tolist()) == wanted, i


def test_readings_keep_the_latest() -> None:
    readings = Readings(max_users=2, n_read=3, max_readers=1)
    readings.learn(read("ann", "d", history="abc"))
    readings.learn(read("ann", "b"))
    assert readings.read_by(asked("ann", "a")) == ["c", "d", "b"]

    readings.learn(read("bob", "b"))
    assert readings.readers("b").tolist() == [readings.slot("bob")]

    readings.learn(read("cid", "a"))
    assert readings.slot("ann") is None
    assert readings.readers("d").size == 0
    assert readings.read_by(asked("ann", "a", history="abcd")) == ["b", "c", "d"]
