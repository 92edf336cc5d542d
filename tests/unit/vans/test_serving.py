from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.errors import ConfigError, ModelError
from cherryrec.vans import Feature, Forest, Scorer, Vans, VansConfig
from cherryrec.vans.mapped import MappedScorer
from cherryrec.vans.snapshot import check_stamp
from tests.unit.vans.slates import FEATURES, slates

CONFIG = VansConfig(
    settings=(Forest(refit_every=20, min_leaf=20.0, leaf_shrinkage=20.0, window_rows=1024),)
)


def learned(n_impressions: int, config: VansConfig = CONFIG) -> Vans:
    model = Vans(FEATURES, config)
    for X, clicked in slates(n_impressions):
        model.learn(X, clicked)
    return model


@pytest.mark.parametrize("n_impressions", [0, 1, 30, 300])
@pytest.mark.parametrize(
    "members", [("linear", "pairs", "forest", "svm"), ("svm", "forest"), ("linear",)]
)
def test_a_scorer_equals_its_model(n_impressions: int, members: tuple[str, ...]) -> None:
    config = replace(CONFIG, members=members)
    model = learned(n_impressions, config)
    scorer = Scorer.of_arrays(FEATURES, config, model.serving())

    for n_articles in (1, 2, 37, 300):
        for X, _ in slates(3, seed=9, n_articles=n_articles):
            ours, theirs = scorer.score(X), model.score(X)
            np.testing.assert_allclose(ours.scores, theirs.scores, rtol=0, atol=1e-9)
            np.testing.assert_allclose(ours.contributions, theirs.contributions, atol=1e-9)
            np.testing.assert_allclose(ours.members, theirs.members, atol=1e-9)


def test_a_scorer_stays_as_it_was_while_the_model_learns() -> None:
    model = learned(50)
    arrays = model.serving()
    scorer = Scorer.of_arrays(FEATURES, CONFIG, arrays)
    (X, _), *_ = slates(1, seed=8)
    before = scorer.score(X).scores

    for slate, clicked in slates(50, seed=7):
        model.learn(slate, clicked)
    for array in arrays.values():
        array.fill(0)

    assert scorer.score(X).scores.tobytes() == before.tobytes()


def test_serving_arrays_hold_no_accumulators_and_no_window() -> None:
    model = learned(200)
    serving, snapshot = model.serving(), model.snapshot()

    assert not [name for name in serving if "window" in name or "optimizer" in name]
    size, whole = (sum(a.nbytes for a in arrays.values()) for arrays in (serving, snapshot))
    assert size < whole / 1.5


FORMER = {"linear": "lr", "factors": "fm", "forest": "rf", "mean_squares": "spread"}


def former(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same as format 3 named it."""
    named = {}
    for name, array in arrays.items():
        owner, slash, rest = name.partition("/")
        named[f"{FORMER.get(owner, owner)}{slash}{rest}"] = array
    del named["members"]
    if "rf/window/codes" in named:  # a state: it did not count its trees
        del named["rf/n_grown"]
    return named | {"format": np.array(3)}


def test_arrays_of_the_format_before_serve_and_go_on_the_same() -> None:
    model = learned(60)
    serving, snapshot = former(model.serving()), former(model.snapshot())
    assert {"lr/weights", "rf/n_grown", "fm/factors"} < set(serving)

    scorer = Scorer.of_arrays(FEATURES, CONFIG, serving)
    restored = Vans.restore(FEATURES, CONFIG, snapshot)

    for X, clicked in slates(20, seed=3):
        wanted = model.scores(X).tobytes()
        assert restored.scores(X).tobytes() == wanted
        model.learn(X, clicked)
        restored.learn(X, clicked)
    assert scorer.scores(X).tobytes() == learned(60).scores(X).tobytes()


def test_arrays_of_members_in_another_order_are_refused() -> None:
    three = replace(CONFIG, members=("linear", "svm", "forest"))
    model = learned(30, three)
    other = replace(CONFIG, members=("svm", "forest", "linear"))
    message = "must be 'svm,forest,linear', got 'linear,svm,forest': use it with the vans.members"

    with pytest.raises(ModelError, match=message):
        Scorer.of_arrays(FEATURES, other, model.serving())
    with pytest.raises(ModelError, match=message):
        Vans.restore(FEATURES, other, model.snapshot())


@pytest.mark.parametrize("number", [2, 5])
def test_arrays_of_another_format_are_refused(number: int) -> None:
    model = learned(10)
    other = {"format": np.array(number)}

    with pytest.raises(ModelError, match=f"'format' must be 4, got {number}"):
        Scorer.of_arrays(FEATURES, CONFIG, former(model.serving()) | other)
    with pytest.raises(ModelError, match=f"'format' must be 4, got {number}"):
        Vans.restore(FEATURES, CONFIG, former(model.snapshot()) | other)


def test_arrays_that_do_not_fit_are_refused() -> None:
    arrays = learned(30).serving()

    with pytest.raises(ModelError, match="for other features"):
        Scorer.of_arrays(FEATURES[:4], CONFIG, arrays)
    with pytest.raises(ModelError, match="members of the first stage must be 'linear', got"):
        Scorer.of_arrays(FEATURES, VansConfig(members=("linear",)), arrays)
    for name in ("factors/factors", "net/hidden", "boost/value", "scaler/raw_mean"):
        with pytest.raises(ModelError, match=f"must hold the array '{name}'"):
            Scorer.of_arrays(FEATURES, CONFIG, {k: v for k, v in arrays.items() if k != name})
    with pytest.raises(ModelError, match="finite numbers only"):
        Scorer.of_arrays(
            FEATURES, CONFIG, arrays | {"factors": np.full(len(CONFIG.first_stage), np.inf)}
        )


@pytest.mark.parametrize("stamp", [np.array(np.nan), np.array(np.inf), np.array([4])])
def test_a_stamp_that_is_no_number_is_refused(stamp: NDArray[np.generic]) -> None:
    with pytest.raises(ModelError, match="snapshot's 'format' must be"):
        check_stamp({"format": stamp, "features": np.array(7)}, 7)


def test_a_feature_that_is_left_out_contributes_nothing_and_the_scorer_stays() -> None:
    model = learned(60)
    (slate,) = (X for X, _ in slates(1, seed=9))
    name, whole = FEATURES[0].name, model.scorer.score(slate)

    without = model.without([name])

    got = without.score(slate)
    assert np.abs(whole.contributions[:, 0]).max() > 0.0
    assert np.abs(got.contributions[:, 0]).max() == 0.0
    assert got.contributions.sum(axis=1) == pytest.approx(got.scores, abs=1e-9)
    assert np.array_equal(model.scorer.score(slate).scores, whole.scores)
    with pytest.raises(ConfigError, match="moon"):
        model.without(["moon"])


def test_a_mapped_scorer_leaves_out_what_its_model_knows() -> None:
    model = learned(60)
    (slate,) = (X for X, _ in slates(1, seed=9))
    new = Feature("new")
    mapped = MappedScorer(model.scorer, (new, *FEATURES))
    wider = np.column_stack((np.ones(len(slate)), slate))

    got = mapped.without([new.name, FEATURES[0].name]).score(wider)

    wanted = model.without([FEATURES[0].name]).score(slate)
    np.testing.assert_allclose(got.scores, wanted.scores, rtol=0, atol=1e-9)
    assert np.abs(got.contributions[:, :2]).max() == 0.0
