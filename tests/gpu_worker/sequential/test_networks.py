"""The networks of protocol B: what they may see, that they learn, and that a seed is a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.evaluation.leave_last_out import (
    LeaveLastOut,
    leave_last_out,
    ranks_of_targets,
    values_of_ranks,
)
from cherryrec.evaluation.logs import LoggedClick

torch = pytest.importorskip("torch")

from gpu_worker.sequential import (  # noqa: E402
    NETWORKS,
    Bert4Rec,
    Narm,
    NetworkConfig,
    NetworkRanker,
    NextArticleModule,
    SasRec,
)

N = 24
SMALL = NetworkConfig(
    n_hidden=32, max_length=8, learning_rate=5e-3, batch_size=32, max_epochs=30, dropout=0.1
)
ALL = pytest.mark.parametrize("name", NETWORKS)
LOOKING_BACK = pytest.mark.parametrize("name", ["gru4rec", "narm", "sasrec"])


@pytest.fixture(scope="module")
def circle() -> LeaveLastOut:
    """Readers of a circle of articles, each of whom goes three steps on from one to the next."""
    clicks = [
        LoggedClick(f"{user}:{step}", f"user {user:03d}", f"a{(user + 3 * step) % N:02d}", step)
        for step in range(7)
        for user in range(240)
    ]
    return leave_last_out(clicks)


def built(name: str, config: NetworkConfig = SMALL):  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    return NETWORKS[name](N, config).eval()


@pytest.mark.slow
@ALL
def test_a_rule_that_a_chain_knows_is_learned(name: str, circle: LeaveLastOut) -> None:
    config = replace(SMALL, patience=5)
    if name == "bert4rec":  # at 0.75 for twenty epochs, until it knows the last place from others
        config = replace(SMALL, learning_rate=2e-3, max_epochs=45, patience=45)
    ranker = NetworkRanker(NETWORKS[name], name=name, config=config)

    ranker.fit(circle)

    found = values_of_ranks(ranks_of_targets(ranker, circle, "test")).mean(axis=0)
    assert found[0] > 0.7, "the article three steps on is the first, by chance 1 of 18"
    assert ranker.trained is not None
    assert ranker.trained.ndcg > 0.8


@ALL
def test_a_seed_is_a_run(name: str, circle: LeaveLastOut) -> None:
    config = replace(SMALL, max_epochs=2)
    asked = [circle.read_before(user, "test") for user in range(5)]
    scores = []
    for seed in (1, 1, 2):
        ranker = NetworkRanker(NETWORKS[name], name=name, config=config, seed=seed)
        ranker.fit(circle)
        scores.append(ranker.score(asked))

    assert np.array_equal(scores[0], scores[1])
    assert not np.allclose(scores[0], scores[2])


@ALL
def test_what_is_held_out_teaches_nothing(name: str, circle: LeaveLastOut) -> None:
    # the test articles exchanged: validation and training stay, and so does the network
    other = replace(
        circle,
        sequences=tuple(
            np.append(sequence[:-1], np.int32((int(sequence[-1]) + 1) % N))
            for sequence in circle.sequences
        ),
    )
    config = replace(SMALL, max_epochs=2)
    asked = [circle.training(user) for user in range(5)]
    scores = []
    for data in (circle, other):
        ranker = NetworkRanker(NETWORKS[name], name=name, config=config)
        ranker.fit(data)
        scores.append(ranker.score(asked))

    assert np.array_equal(scores[0], scores[1])


@ALL
def test_a_sequence_is_answered_by_itself_whatever_its_length(
    name: str, circle: LeaveLastOut
) -> None:
    ranker = NetworkRanker(NETWORKS[name], name=name, config=replace(SMALL, max_epochs=1))
    ranker.fit(circle)
    asked = [np.array(read, np.int32) for read in ([3], [3, 6, 9], list(range(20)))]

    together = ranker.score(asked)

    assert together.shape == (3, N)
    assert np.isfinite(together).all()
    for one, scores in zip(asked, together, strict=True):
        assert ranker.score([one])[0] == pytest.approx(scores, abs=1e-5)


@LOOKING_BACK
def test_a_place_sees_nothing_that_comes_after_it(name: str) -> None:
    module = built(name)
    assert isinstance(module, NextArticleModule)
    rows = torch.tensor([[N, N, 1, 2, 3, 4, 5, 6], [N, N, 1, 2, 3, 9, 8, 7]])

    with torch.no_grad():
        one, two = module.states(rows, 8)

    assert torch.allclose(one[:5], two[:5], atol=1e-6)
    assert not torch.allclose(one[5:], two[5:], atol=1e-3)


@LOOKING_BACK
def test_only_the_last_places_are_asked_when_told_so(name: str) -> None:
    row = torch.tensor([[N, N, 1, 2, 3, 4, 5, 6, 7]])  # (1, L + 1)
    module, two = built(name), built(name, replace(SMALL, n_targets=2))
    two.load_state_dict(module.state_dict())

    with torch.no_grad():
        loss = two.loss(row)
        scores = torch.cat(
            [module.scores(row[:, end - 7 : end]) for end in (7, 8)]  # each prefix as a row
        )
        wanted = torch.nn.functional.cross_entropy(scores, torch.tensor([6, 7]))

    assert float(loss) == pytest.approx(float(wanted), rel=0.02)


@LOOKING_BACK
def test_training_at_every_place_is_training_on_every_prefix(name: str) -> None:
    module = built(name)
    row = torch.tensor([[N, N, N, N, 4, 7, 2, 9, 11]])  # (1, L + 1)

    with torch.no_grad():
        whole = module.loss(row)
        prefixes = torch.tensor(
            [[N] * 7 + [4], [N] * 6 + [4, 7], [N] * 5 + [4, 7, 2], [N] * 4 + [4, 7, 2, 9]]
        )
        each = torch.nn.functional.cross_entropy(
            module.scores(prefixes), torch.tensor([7, 2, 9, 11])
        )

    if name == "sasrec":  # places count from the end of a row, so that a prefix stands elsewhere
        assert whole == pytest.approx(float(each), rel=0.05)
    else:
        assert float(whole) == pytest.approx(float(each), rel=1e-5)


def test_bert4rec_sees_both_sides() -> None:
    module = built("bert4rec")
    assert isinstance(module, Bert4Rec)
    rows = torch.tensor([[N, 1, 2, N + 1, 4, 5, 6, 7, 8], [N, 1, 2, N + 1, 4, 5, 6, 7, 3]])

    with torch.no_grad():
        one, two = module.states(rows)

    assert not torch.allclose(one[3], two[3], atol=1e-4)


def test_attention_of_narm_is_its_equation() -> None:
    module = built("narm")
    assert isinstance(module, Narm)
    row = torch.tensor([[N, 5, 3, 8]])

    with torch.no_grad():
        h, _ = module.recurrent.units(module.inputs(row[:, 1:]))
        ((c,),) = module.attended(row, 1)
        weights = [
            float(module.weigh(torch.sigmoid(module.of_last(h[0, 2]) + module.of_each(h[0, j]))))
            for j in range(3)
        ]
        wanted = torch.cat(
            [h[0, 2], sum(w * state for w, state in zip(weights, h[0], strict=True))]
        )

    assert torch.allclose(c, wanted, atol=1e-6)


def test_training_ends_by_patience_with_the_best_network(circle: LeaveLastOut) -> None:
    told: list[float] = []
    ranker = NetworkRanker(
        SasRec,
        name="SASRec",
        config=replace(SMALL, max_epochs=60, patience=2),
        on_epoch=lambda _, ndcg: told.append(ndcg),
    )

    ranker.fit(circle)

    trained = ranker.trained
    assert trained is not None
    assert trained.ended_by == "patience"
    assert trained.n_epochs == trained.best_epoch + 2 == len(told)
    assert trained.ndcg == max(told)
    again = values_of_ranks(ranks_of_targets(ranker, circle, "validation"))[:, 1].mean()
    assert again == pytest.approx(trained.ndcg)
    assert "ended by patience" in str(trained)


def test_training_ends_when_its_time_is_up(circle: LeaveLastOut) -> None:
    ranker = NetworkRanker(SasRec, name="SASRec", config=SMALL, budget_s=0.0)

    ranker.fit(circle)

    assert ranker.trained is not None
    assert (ranker.trained.n_epochs, ranker.trained.ended_by) == (1, "time")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_hidden": 63}, "multiple of n_heads, 2, got 63"),
        ({"dropout": 1.0}, "dropout must be in"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0"),
        ({"masked_share": 0.0}, "masked_share must be in"),
        ({"n_targets": 0}, "n_targets must be above 0 or absent, got 0"),
        ({"patience": 0}, "patience must be above 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        replace(NetworkConfig(), **settings)  # type: ignore[arg-type]
