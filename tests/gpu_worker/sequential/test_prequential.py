"""A network taught along a log: a rule is learned, nothing of later is known, room is made."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")

import torch

from cherryrec.catalogue import Catalogue
from cherryrec.evaluation.retrieval import Moment, Offer
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from gpu_worker.sequential import NETWORKS, NetworkConfig, PrequentialNetwork
from gpu_worker.sequential.growing import grown, optimiser_of
from tests.worlds import catalogue_of

CONFIG = NetworkConfig(n_hidden=16, n_inner=16, max_length=6, learning_rate=0.01, dropout=0.0)
N_ARTICLES = 8
HOUR_S = 3_600.0


@pytest.fixture
def catalogue() -> Catalogue:
    return catalogue_of(N_ARTICLES)


def moment(user: str, time_s: float, clicked: str, history: tuple[str, ...] = ()) -> Moment:
    return Moment(f"{user}-{time_s}", user, time_s, (clicked,), history=history)


def offer(catalogue: Catalogue, asked: Moment) -> Offer:
    return Offer(asked, catalogue, Reader.of(Profile(), catalogue), np.arange(N_ARTICLES))


def of(name: str, *, seed: int = 0) -> PrequentialNetwork:
    return PrequentialNetwork(NETWORKS[name], title=name, config=CONFIG, seed=seed, n_epochs=20)


def taught(network: PrequentialNetwork, *, n_users: int, start: int = 0) -> None:
    """Have users read three articles in the order of their numbers, from chance places on."""
    chance = np.random.default_rng(0)
    for user in range(start, start + n_users):
        first = int(chance.integers(N_ARTICLES - 3))  # a7 is read by nobody
        for step in range(3):
            time_s = user * 60.0 + step
            network.learn(moment(f"u{user}", time_s, f"a{first + step}"))


def first_of(network: PrequentialNetwork, catalogue: Catalogue, asked: Moment) -> str:
    scores: NDArray[np.float64] = network.score(offer(catalogue, asked))
    return f"a{int(scores.argmax())}"


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_it_learns_what_comes_next(name: str, catalogue: Catalogue) -> None:
    network = of(name)
    taught(network, n_users=180)

    asked = moment("new", 180 * 60.0, "a5", history=("a2", "a3"))

    assert first_of(network, catalogue, asked) == "a4"


def test_before_the_first_fit_and_without_a_history_the_most_read_is_first(
    catalogue: Catalogue,
) -> None:
    network = of("gru4rec")
    for user in range(4):
        network.learn(moment(f"u{user}", float(user), "a6" if user else "a1"))

    assert first_of(network, catalogue, moment("u0", 9.0, "a2")) == "a6"

    taught(network, n_users=70, start=10)
    network.learn(moment("late", 9_000.0, "a2"))
    counts = network.score(offer(catalogue, moment("nobody", 9_001.0, "a2")))

    assert counts.sum() == 4 + 3 * 70 + 1


def test_what_nobody_has_read_until_the_fit_comes_last(catalogue: Catalogue) -> None:
    network = of("gru4rec")
    taught(network, n_users=70)
    network.learn(moment("late", 80 * 60.0, "a7"))  # fits, and then knows of a7

    scores = network.score(offer(catalogue, moment("u0", 80 * 60.0, "a2")))

    assert scores.argmin() == 7


def test_two_of_one_seed_say_the_same_and_leave_chance_as_it_was(catalogue: Catalogue) -> None:
    torch.manual_seed(7)
    before = torch.get_rng_state()
    found = []
    for _ in range(2):
        network = of("bert4rec", seed=3)
        taught(network, n_users=130)
        found.append(network.score(offer(catalogue, moment("u0", 131 * 60.0, "a2"))))

    assert found[0].tolist() == found[1].tolist()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_room_for_more_articles_changes_no_score_of_those_there(name: str) -> None:
    module = NETWORKS[name](5, CONFIG)
    optimiser = optimiser_of(module, CONFIG)
    windows = torch.tensor([[5, 0, 1, 2, 3, 4, 1]])
    module.loss(windows).backward()
    optimiser.step()
    module.eval()
    padding = torch.where(windows[:, 1:] == 5, 9, windows[:, 1:])

    wider, more = grown(NETWORKS[name], CONFIG, module, optimiser, 9)
    wider.eval()

    with torch.no_grad():
        assert torch.allclose(wider.scores(padding)[:, :5], module.scores(windows[:, 1:]))
    old, new = (one.state_dict()["state"] for one in (optimiser, more))
    assert [float(state["step"]) for state in new.values()] == [1.0] * len(old)
    moments = more.state[wider.articles.weight]["exp_avg"]
    assert torch.equal(moments[:5], optimiser.state[module.articles.weight]["exp_avg"][:5])
    assert not moments[5:9].any()
