"""A model is stale when examples wait for a newer one, and not by its age."""

from __future__ import annotations

import pytest

from cherryrec.errors import ConfigError
from streams.model_age import ModelAge


def test_old_model_is_not_stale_while_nothing_is_labelled() -> None:
    age = ModelAge(120.0)
    age.published(3, 0.0)

    assert not age.is_stale(1e6)


def test_examples_without_any_model_make_it_stale() -> None:
    age = ModelAge(120.0)
    age.labelled(1_000.0)

    assert not age.is_stale(1_100.0)
    assert age.is_stale(1_121.0)
    assert age.reason(1_121.0).startswith("slates are ranked without a model, and examples have")


def test_examples_that_go_on_do_not_renew_a_model() -> None:
    age = ModelAge(120.0)
    age.published(1, 0.0)
    for s in range(1, 200):
        age.labelled(float(s))

    assert age.waiting_s(200.0) == 199.0
    assert age.is_stale(200.0)


def test_newer_model_ends_the_wait_for_what_came_before_it() -> None:
    age = ModelAge(120.0)
    age.labelled(10.0)
    age.published(1, 11.0)

    assert age.waiting_s(500.0) == 0.0


@pytest.mark.parametrize("labels_first", [False, True])
def test_a_worker_that_starts_reads_both_topics_in_any_order(labels_first: bool) -> None:
    age = ModelAge(120.0)
    reads = [lambda: age.labelled(90.0), lambda: age.labelled(105.0), lambda: age.labelled(110.0)]
    reads.insert(3 if labels_first else 0, lambda: age.published(4, 100.0))
    for read in reads:
        read()

    assert 180.0 <= age.waiting_s(290.0) <= 190.0


def test_bound_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="model_stale_s must be above 0, got 0"):
        ModelAge(0)
