"""VaNS learns how far to follow CnLE by how much the user has read, in worlds whose truth is known.

In each the reader clicks by two tastes: one that a feature tells, one that only CnLE can know, and
knows of some users only; of the others it tells noise, with the same confidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.cnle.evaluation import relative_share
from cherryrec.events import Example, instant
from cherryrec.features import CONTEXT, FEATURE_SET, FEATURES, GATING, column, with_evaluations
from cherryrec.features.names import columns_of
from cherryrec.knrs import METRICS, KnrsConfig
from cherryrec.learner import Learner
from cherryrec.vans import VansConfig
from tests.unit.vans.slates import auc
from tests.worlds import START_S

READS = (0, 3, 12, 50)
COLD, FEW, SOME, MANY = range(4)
N, N_ARTICLES, N_JUDGED = 1_200, 10, 800
TOO_SURE = 4.0
MEMBERS = ("linear", "factors")
GATED = VansConfig(members=MEMBERS)
UNGATED = VansConfig(members=MEMBERS, without=GATING)
WITHOUT = VansConfig(members=MEMBERS, without=FEATURES[columns_of("evaluation")])


class Seen(NamedTuple):
    """One request of the world: features without evaluations, CnLE's answer, the click."""

    length: int
    features: NDArray[np.float32]
    evaluations: dict[str, float]
    clicked: NDArray[np.bool_]


def world(known_of: set[int], seed: int = 0) -> Iterator[Seen]:
    rng = np.random.default_rng(seed)
    ids = tuple(f"a{k}" for k in range(N_ARTICLES))
    context = [column(name) for name in CONTEXT]
    for _ in range(N):
        length = int(rng.integers(4))
        told, hidden, noise = rng.normal(size=(3, N_ARTICLES))
        features = rng.normal(size=(N_ARTICLES, len(FEATURES))).astype(np.float32)
        features[:, columns_of("evaluation")] = 0.0
        features[:, context] = features[0, context]
        features[:, column("context_history")] = np.log1p(READS[length])
        features[:, column("ctr_1h")] = told
        utility = told + 1.2 * hidden + rng.gumbel(size=N_ARTICLES)
        shares = relative_share(TOO_SURE * (hidden if length in known_of else noise))
        yield Seen(
            length,
            features,
            dict(zip(ids, shares.round(6).tolist(), strict=True)),
            np.arange(N_ARTICLES) == np.argmax(utility),
        )


def learned(
    config: VansConfig, known_of: set[int], n: int = N
) -> tuple[Learner, list[NDArray[np.float64]]]:
    """Run a world; return the learner, and the AUCs of the last impressions by history length."""
    learner = Learner(KnrsConfig(), config)
    metrics = np.zeros((N_ARTICLES, len(METRICS)), "<f4").tobytes()
    measured: list[list[float]] = [[], [], [], []]
    for number, one in enumerate(islice(world(known_of), n)):
        temperature = learner.temperatures.of("model")
        ids = tuple(one.evaluations)
        filled = with_evaluations(one.features, ids, one.evaluations, temperature=temperature)
        scored = learner.vans.score(filled.astype(np.float64))
        np.testing.assert_allclose(scored.contributions.sum(axis=1), scored.scores, atol=1e-9)
        if number >= N - N_JUDGED:
            measured[one.length].append(auc(scored.scores, one.clicked))
        example = Example(
            example_id=f"e{number}",
            user_id="u",
            shown_at=instant(START_S + number),
            articles=ids,
            clicked=tuple(one.clicked.tolist()),
            feature_set=FEATURE_SET,
            features=filled.tobytes(),
            metrics=metrics,
            evaluator="model",
            temperature=temperature,
        )
        assert learner.learn(example, partition=0, offset=number)
    return learner, [np.array(of) for of in measured]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("known_of", "others"), [({COLD}, {FEW, SOME, MANY}), ({SOME, MANY}, {COLD, FEW})]
)
def test_trust_is_learned_by_history_length_and_pays(known_of: set[int], others: set[int]) -> None:
    learner, gated = learned(GATED, known_of)
    _, ungated = learned(UNGATED, known_of)
    _, without = learned(WITHOUT, set())

    trust = list(learner.trust().values())
    assert min(trust[k] for k in known_of) > 1.5 * max(abs(trust[k]) for k in others)
    for other in (ungated, without):
        gains = [one - two for one, two in zip(gated, other, strict=True)]
        # Chance moves a mean of 200 by 0.01, and that CnLE is wrong has to be found out first.
        assert min(gain.mean() for gain in gains) > -0.04
        assert np.concatenate(gains).mean() > 0.005
    assert min(gated[k].mean() - without[k].mean() for k in known_of) > 0.05
    assert learner.temperatures.of("model") > TOO_SURE  # noise makes it surer than it may be


def test_what_is_told_of_trust_is_with_the_snapshot() -> None:
    learner, _ = learned(VansConfig(members=("linear",)), {COLD}, n=100)

    metrics = learner.snapshot("cherryrec").metrics

    assert metrics["temperature"] == learner.temperatures.of("model")
    told = {name: value for name, value in metrics.items() if name.startswith("trust/")}
    assert told == {f"trust/{length}": value for length, value in learner.trust().items()}
    assert list(told) == ["trust/0", "trust/1-5", "trust/6-20", "trust/over 20"]


def test_without_evaluations_no_trust_is_told() -> None:
    learner = Learner(KnrsConfig(), GATED)

    assert learner.trust() == {}
    assert learner.snapshot("cherryrec").metrics == {}
