"""Systems without a part, beside the whole: what they keep is what a run of their own keeps."""

from __future__ import annotations

import numpy as np
import pytest

from cherryrec.errors import ConfigError
from cherryrec.evaluation.leave_last_out import LeaveLastOut, leave_last_out
from cherryrec.evaluation.leave_last_out.ablation import CLAIMED, parts_of
from cherryrec.evaluation.leave_last_out.served import ServedSequences
from cherryrec.evaluation.logs import LoggedClick
from cherryrec.pipeline import PipelineConfig

PARTS = ("knrs:most_clicked", "knrs:retriever", "knrs:news-value", "order:signals")


def of_readers(n_clicks: int) -> LeaveLastOut:
    """Return ten readers of thirty articles, some of which are read far more than others."""
    rng = np.random.default_rng(4)
    pairs = [(f"u{rng.integers(10)}", f"a{int(30 * rng.random() ** 1.7)}") for _ in range(n_clicks)]
    return leave_last_out(
        (LoggedClick(str(n), *pair, 1.6e9 + 60.0 * n) for n, pair in enumerate(pairs)), least=1
    )


@pytest.mark.slow
def test_what_is_kept_without_a_part_is_what_a_run_without_it_keeps() -> None:
    data = of_readers(200)
    whole = ServedSequences(PipelineConfig(), ablate=PARTS).run(data, "test")

    for part in parts_of(PARTS[:-1], PipelineConfig()):
        alone = ServedSequences(part.config).run(data, "test")
        assert whole.without[part.name].kept.tolist() == alone.kept.tolist(), part.name
        if part.name == "knrs:news-value":
            assert whole.without[part.name].ranked.tolist() == alone.ranked.tolist()


def test_each_part_makes_a_difference_where_it_says() -> None:
    whole = ServedSequences(PipelineConfig(), ablate=PARTS).run(of_readers(120), "test")

    kept = {part: one.kept.tolist() for part, one in whole.without.items()}
    for part in ("order:signals", "knrs:news-value"):
        assert kept[part] == whole.kept.tolist(), "the order decides nothing of it"
    assert kept["knrs:most_clicked"] != whole.kept.tolist()
    ranked = {part: one.ranked.tolist() for part, one in whole.without.items()}
    assert ranked["order:signals"] != ranked["knrs:news-value"]


def test_nothing_left_out_changes_the_whole_system() -> None:
    data = of_readers(80)
    beside = ServedSequences(PipelineConfig(), ablate=["knrs:alike"]).run(data, "test")
    alone = ServedSequences(PipelineConfig()).run(data, "test")

    assert beside.ranked.tolist() == alone.ranked.tolist()
    assert beside.wide.tolist() == alone.wide.tolist()
    assert not alone.without


def test_all_parts_are_those_of_knrs_and_of_its_order() -> None:
    names = [part.name for part in parts_of(["all"], PipelineConfig())]

    assert set(CLAIMED) < set(names)
    assert names[-2:] == ["knrs:news-value", "order:signals"]
    with pytest.raises(ConfigError, match="got 'vans:net'"):
        parts_of(["vans:net"], PipelineConfig())
