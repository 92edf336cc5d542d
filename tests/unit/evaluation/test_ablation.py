"""Ablations: which parts there are, and what is changed for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cherryrec.catalogue import CatalogueConfig
from cherryrec.errors import ConfigError
from cherryrec.evaluation.ablation import replay_without
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.logs import LogSource
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import OURS, Judge, LocalReplay, LogMessages
from cherryrec.features import ALL_FEATURES, FEATURES
from cherryrec.knrs import LEFT_OUT, METRICS, KnrsConfig
from cherryrec.pipeline import EvaluatorConfig, PipelineConfig
from cherryrec.pipeline.ablations import ablations, chosen_ablations, feature_groups
from cherryrec.vans import VansConfig
from cherryrec.vans.config import LEARNING

FULL = PipelineConfig()


def test_every_metric_has_a_part() -> None:
    found = ablations(FULL)

    left_out = [one.knrs.without for name, one in found.items() if name.startswith("knrs:")]
    assert [without for without in left_out if without] == [(metric,) for metric in LEFT_OUT]
    assert found["knrs:news-value"].vans.without == ("news_value",)


def test_every_member_has_a_part_that_keeps_the_others() -> None:
    found = ablations(FULL)

    for member in FULL.vans.members:
        kept = found[f"vans:{member}"].vans.members
        assert set(FULL.vans.members) - set(kept) == {member}
    n_members = sum(name.startswith("vans:") for name in found)
    assert n_members == len(FULL.vans.members)


def test_the_only_member_of_the_first_stage_is_kept() -> None:
    config = replace(FULL, vans=VansConfig(members=("linear", "boost")))

    members = [one.vans.members for name, one in ablations(config).items() if "vans:" in name]

    assert members == [("linear",)]


def test_every_other_way_of_learning_has_a_part() -> None:
    found = [one.vans.learning for name, one in ablations(FULL).items() if "learning:" in name]

    assert [FULL.vans.learning, *found] == list(LEARNING)


def test_every_feature_is_left_out_by_one_group() -> None:
    config = replace(FULL, evaluator=EvaluatorConfig(enabled=True))
    found = ablations(config)

    groups = [one.vans.without for name, one in found.items() if name.startswith("features:")]
    assert sorted(feature for group in groups for feature in group) == sorted(FEATURES)
    assert set(feature_groups()) == {
        "sentences",  # which are not there without a sentence model
        *(name.removeprefix("features:") for name in found if name.startswith("features:")),
    }


def test_sentences_are_a_part_where_a_model_reads_them() -> None:
    config = replace(FULL, catalogue=CatalogueConfig(sentence_model="minilm"))

    left_out = ablations(config)["features:sentences"].vans.without

    assert left_out == ALL_FEATURES[len(FEATURES) :]


def test_cnle_is_a_part_where_it_is_asked() -> None:
    config = replace(FULL, evaluator=EvaluatorConfig(enabled=True))

    assert ablations(config)["cnle"] == FULL
    assert "cnle" not in ablations(FULL)


def test_a_part_changes_one_setting_only() -> None:
    for name, config in ablations(FULL).items():
        assert config != FULL, name
        assert replace(config, knrs=FULL.knrs, vans=FULL.vans) == FULL, name
        assert (config.knrs == FULL.knrs) != (config.vans == FULL.vans), name


def test_what_is_left_out_already_has_no_part_and_stays_out() -> None:
    config = replace(
        FULL,
        knrs=KnrsConfig(without=("novelty",)),
        vans=VansConfig(members=("linear",), without=("age",), learning="pointwise", seed=3),
    )

    found = ablations(config)

    assert "knrs:novelty" not in found
    assert "learning:pointwise" not in found
    assert not [name for name in found if name.startswith("vans:")]
    assert found["knrs:relevance"].knrs.without == ("novelty", "relevance")
    assert found["features:article"].vans.without == ("age", "is_first_shown")
    assert {one.vans.seed for one in found.values()} == {3}


def test_all_stands_for_every_part() -> None:
    assert chosen_ablations(["all", "vans:linear"], FULL) == ablations(FULL)


def test_an_unknown_part_is_refused_with_the_known() -> None:
    with pytest.raises(ConfigError, match=r"all or one out of knrs:relevance, .*, got 'vans:x'"):
        chosen_ablations(["vans:linear", "vans:x"], FULL)


def test_what_only_keeps_articles_has_no_part_where_all_candidates_are_given() -> None:
    given, asked = (ablations(FULL, from_catalogue=both) for both in (False, True))

    assert {*asked} - {*given} == {
        "knrs:retriever",
        *(f"knrs:{name}" for name in LEFT_OUT if name not in METRICS),
    }
    with pytest.raises(ConfigError, match=r"'knrs:alike' decides .* add --from-catalogue"):
        chosen_ablations(["knrs:alike"], FULL, from_catalogue=False)


def test_without_changes_a_replay_is_that_of_the_full_system(tmp_path: Path) -> None:
    generate_log(tmp_path, n_users=10, n_impressions=20, n_articles=64, seed=0)
    log, judge = MindLog(tmp_path), Judge()
    config = replace(FULL, vans=VansConfig(members=("linear", "svm")))
    LocalReplay(config).run(log.impressions(15), LogMessages(log.articles()), judge)

    same = replay_without(LogSource(tmp_path), config, limit=15, label_delay_s=0.0)
    less = replay_without(
        LogSource(tmp_path), ablations(config)["features:attention"], limit=15, label_delay_s=0.0
    )

    full = judge.metrics[OURS].values()
    assert len(full) == 15
    np.testing.assert_array_equal(same.metrics.values(), full)
    assert same.retrieval is None
    assert not np.array_equal(less.metrics.values(), full, equal_nan=True)
