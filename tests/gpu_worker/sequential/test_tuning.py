"""The grid of the paper's recipe, and trials in a file that a kill may end anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cherryrec.errors import ConfigError

pytest.importorskip("torch")

from gpu_worker.sequential import NetworkConfig
from gpu_worker.sequential.tuning import Grid, Planned, Trial, TrialFile, best_configs

SEEN = Trial(
    data="d",
    network="narm",
    revision=1,
    config=NetworkConfig(dropout=0.3),
    seed=0,
    ndcg=0.05,
    n_epochs=3,
    best_epoch=2,
    wall_s=1.5,
    ended_by="patience",
)
PLANNED = Planned("narm", SEEN.config)


def test_the_grid_has_each_with_each_by_the_recipe() -> None:
    bases = {"narm": NetworkConfig(n_targets=10), "sasrec": NetworkConfig()}
    grid = Grid(dropouts=(0.1, 0.5), weight_decays=(0.0, 0.01), max_lengths=(200, 400))

    planned = grid.planned(bases)

    assert [one.network for one in planned] == ["narm", "sasrec"] * 8
    for network in bases:
        tried = {
            (one.config.dropout, one.config.weight_decay, one.config.max_length)
            for one in planned
            if one.network == network
        }
        assert len(tried) == 8
    assert {(one.config.learning_rate, one.config.patience) for one in planned} == {(1e-3, 20)}
    assert {one.config.n_targets for one in planned[::2]} == {10}
    assert grid.planned(bases) == planned
    assert grid.planned(bases, seed=1) != planned


def test_the_best_of_each_network_is_kept() -> None:
    better = msgspec.structs.replace(SEEN, ndcg=0.06, config=NetworkConfig(dropout=0.5))
    other = msgspec.structs.replace(SEEN, ndcg=0.01, network="sasrec")

    assert best_configs([SEEN, better, other]) == {"narm": better.config, "sasrec": other.config}


def test_trials_are_there_after_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    with TrialFile(path) as file:
        file.append(SEEN)
    with path.open("ab") as cut:
        cut.write(msgspec.json.encode(SEEN)[:40])

    with TrialFile(path) as file:
        assert file.trials == [SEEN]
        file.append(msgspec.structs.replace(SEEN, seed=1))

    with TrialFile(path) as file:
        assert [trial.seed for trial in file.trials] == [0, 1]


def test_a_trial_is_found_by_all_that_it_depends_on(tmp_path: Path) -> None:
    with TrialFile(tmp_path / "trials.jsonl") as file:
        file.append(msgspec.structs.replace(SEEN, ended_by="time", ndcg=0.01))
        file.append(SEEN)
        file.append(msgspec.structs.replace(SEEN, revision=0, seed=2))

        assert file.find(PLANNED, data="d", seed=0) == SEEN, "the latest"
        assert file.find(PLANNED, data="e", seed=0) is None
        assert file.find(PLANNED, data="d", seed=1) is None
        assert file.find(PLANNED, data="d", seed=2) is None, "of an earlier revision"
        assert file.find(Planned("sasrec", SEEN.config), data="d", seed=0) is None
        other = Planned("narm", replace(SEEN.config, dropout=0.2))
        assert file.find(other, data="d", seed=0) is None


def test_a_line_that_is_no_trial_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_bytes(msgspec.json.encode(SEEN) + b'\n{"data": 1}\n')

    with pytest.raises(ConfigError, match=r"line 2 of .* must be a trial, got .*: remove it"):
        TrialFile(path).__enter__()


def test_two_commands_do_not_write_one_file(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"

    with TrialFile(path), pytest.raises(ConfigError, match="wait for it"), TrialFile(path):
        pass
