"""The twenty that are retrieved for another ranking, a sample of users, and results over it."""

from __future__ import annotations

from cherryrec.evaluation.leave_last_out import (
    LeaveLastOut,
    Ranked,
    ranks_of_targets,
    results_of,
    retrieved_by,
    sampled_users,
)
from cherryrec.evaluation.leave_last_out.markov import Markov
from cherryrec.evaluation.leave_last_out.served import ServedSequences
from cherryrec.evaluation.leave_last_out.tables import page
from cherryrec.pipeline import PipelineConfig


def fitted(data: LeaveLastOut) -> Markov:
    chain = Markov()
    chain.fit(data)
    return chain


def test_the_place_among_the_twenty_is_the_rank_of_the_table(drawn: LeaveLastOut) -> None:
    chain = fitted(drawn)
    ranks = ranks_of_targets(chain, drawn, "test")

    twenty = retrieved_by(chain, drawn, "test", range(len(drawn.users)))

    for user, codes in enumerate(twenty.tolist()):
        target = drawn.target(user, "test")
        assert (codes.index(target) + 1 if target in codes else 21) == min(int(ranks[user]), 21)
        found = [code for code in codes if code >= 0]
        assert len(set(found)) == len(found)
        assert not set(found) & set(drawn.read_before(user, "test").tolist())


def test_where_fewer_are_left_the_rest_is_empty(drawn: LeaveLastOut) -> None:
    (codes,) = retrieved_by(fitted(drawn), drawn, "test", [0]).tolist()

    n_left = len(drawn.articles) - len(drawn.read_before(0, "test"))
    assert [code >= 0 for code in codes] == [place < n_left for place in range(20)]


def test_a_larger_sample_begins_with_the_smaller_one(drawn: LeaveLastOut) -> None:
    assert sampled_users(drawn, 5, 2).tolist() == sampled_users(drawn, 9, 2)[:5].tolist()
    assert len(set(sampled_users(drawn, None, 2).tolist())) == len(drawn.users)
    assert sampled_users(drawn, 9, 2).tolist() != sampled_users(drawn, 9, 3).tolist()


def test_results_over_some_users_are_those_of_their_ranks(drawn: LeaveLastOut) -> None:
    ranks = ranks_of_targets(fitted(drawn), drawn, "test")
    users = sampled_users(drawn, 11, 0)
    some = Ranked("Markov", ranks[None]).among(users)

    found = results_of(drawn, [some], log_name="log", command="c", users=users)

    assert found.n_users == 11
    assert found.n_unseen == int(drawn.is_unseen("test")[users].sum())
    expected = float((1.0 / ranks[users])[ranks[users] <= 5].sum()) / 11
    assert found.rows[0].users["mrr@5"].mean == expected
    assert "11 users." in page(found)


def test_the_twenty_of_the_system_hold_what_its_rank_says(drawn: LeaveLastOut) -> None:
    found = ServedSequences(PipelineConfig()).run(drawn, "test")

    for user, codes in enumerate(found.twenty.tolist()):
        target = drawn.target(user, "test")
        place = codes.index(target) + 1 if target in codes else 0
        assert place == found.retrieved[user]
    assert (found.twenty >= 0).any()
