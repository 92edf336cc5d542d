"""A learner of a new version: workers keep the old model until the new one has caught up."""

from __future__ import annotations

import pytest

from cherryrec.codec import encode
from cherryrec.snapshots import SERVING, STATE, scorer_of
from cherryrec.vans import MappedScorer, Scorer
from tests.streams.test_learner_turns import N, rehearsed, run
from tests.unit.test_learner import VANS, example, slate
from tests.unit.test_upgrade import OLD_SET, old_example, old_snapshot

N_OLD = 5


@pytest.mark.parametrize(("n_served", "first"), [(8, 9), (100, N)])
def test_nothing_worse_is_published_until_the_stored_examples_are_learned(
    n_served: int, first: int
) -> None:
    """Either as many are learned as the old model had, or all that are stored."""
    learner = rehearsed()
    learner.log.models = {
        STATE: old_snapshot(STATE, n_served),
        SERVING: old_snapshot(SERVING, n_served),
    }
    learner.log.values = [
        encode(old_example(number) if number < N_OLD else example(number)) for number in range(N)
    ]
    old = learner.log.models[SERVING]

    assert isinstance(scorer_of(old, VANS), MappedScorer)
    run(learner)

    served = learner.log.served
    assert served[0].n_examples >= first
    assert served[-1].n_examples == N
    assert [one.version for one in served] == sorted({one.version for one in served})
    assert served[0].version > old.version
    assert served[0].feature_set != OLD_SET
    assert isinstance(scorer_of(served[0], VANS), Scorer)
    assert scorer_of(served[-1], VANS).score(slate()).scores.any()
