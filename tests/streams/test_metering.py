"""What a worker counts of what it sends: where examples come from, and how it would have ranked."""

from __future__ import annotations

import numpy as np

from cherryrec.events import Shadow
from cherryrec.pipeline import Effects, Send
from streams.engine import Metrics
from streams.metering import Metering
from tests.unit.evaluation.test_shadow import slate
from tests.unit.schemas.messages import MESSAGES


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_examples_are_counted_by_what_they_are_of() -> None:
    metrics = Metrics()

    Metering(metrics).effects(Effects(sends=[Send("examples", "u", MESSAGES["examples"])]))

    assert value(metrics, "cherryrec_examples_total", origin="click") == 1.0


def test_slates_of_the_sites_own_are_judged_once_labelled() -> None:
    metrics = Metrics()
    shown = slate("s", [3, 1, 2], [False, False, True], places=[3, -1, 25])
    sends = [
        Send("labelled-slates", one.slate_id, one)
        for one in (shown, slate("t", [2, 1], [True, True]))
    ]

    Metering(metrics).effects(Effects(sends=sends))

    for ranking, wanted in (("cherryrec", 0.5), ("site", 0.0)):
        labels = {"ranking": ranking, "metric": "auc"}
        assert value(metrics, "cherryrec_shadow_sum", **labels) == wanted
        assert value(metrics, "cherryrec_shadow_count", **labels) == 1.0
    counted = "cherryrec_shadow_clicked_articles_total"
    assert value(metrics, counted, place="kept") == 1.0
    assert value(metrics, counted, place="first") == 0.0


def test_a_part_of_a_shadow_is_of_the_same_articles() -> None:
    shadow = Shadow(
        ranks=np.array([3, 2, 1], "<i4").tobytes(),
        version=3,
        places=np.array([7, -1, 0], "<i4").tobytes(),
        n_kept=9,
    )

    part = shadow.of(np.array([2, 0]))

    assert part.rank_array().tolist() == [1, 3]
    assert part.place_array().tolist() == [0, 7]
    assert (part.version, part.n_kept) == (3, 9)
