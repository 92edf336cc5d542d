"""Runs that are kept: found by all that they depend on, and damaged ones said and passed over."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from cherryrec.evaluation.leave_last_out import KeptRuns, Run, RunKey

KEY = RunKey(
    data="00ff", ranking="narm", revision=1, settings={"dropout": 0.5}, seed=3, split="test"
)
RUN = Run(key=KEY, ranks=[1, 20, 7], note="4 epochs", wall_s=2.5)


@pytest.mark.parametrize(
    "change",
    [
        {"data": "00fe"},
        {"ranking": "sasrec"},
        {"revision": 2},
        {"settings": {"dropout": 0.4}},
        {"settings": {"dropout": 0.5, "n_targets": None}},
        {"seed": 4},
        {"split": "validation"},
        {"budget_s": 60.0},
    ],
)
def test_a_run_is_found_by_all_that_it_depends_on(
    change: dict[str, object], tmp_path: Path
) -> None:
    runs = KeptRuns(tmp_path)
    runs.keep(RUN)

    found = runs.find(KEY)

    assert found == RUN
    assert runs.find(msgspec.structs.replace(KEY, **change)) is None


@pytest.mark.parametrize("damaged", [b"", b"{", b'{"key": 1}', msgspec.json.encode(RUN)[:-9]])
def test_a_damaged_run_is_told_and_run_again(damaged: bytes, tmp_path: Path) -> None:
    said: list[str] = []
    runs = KeptRuns(tmp_path, said.append)
    runs.keep(RUN)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damaged)

    assert runs.find(KEY) is None

    (line,) = said
    assert "must hold a run" in line
    assert line.endswith("it is run again")
    runs.keep(RUN)
    assert runs.find(KEY) == RUN


def test_a_run_under_the_name_of_another_is_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    runs = KeptRuns(tmp_path, said.append)
    runs.keep(RUN)
    (file,) = tmp_path.iterdir()
    other = msgspec.structs.replace(RUN, key=msgspec.structs.replace(KEY, seed=9))
    file.write_bytes(msgspec.json.encode(other))

    assert runs.find(KEY) is None
    assert "got another" in said[0]


def test_what_a_kill_left_half_written_is_no_run(tmp_path: Path) -> None:
    runs = KeptRuns(tmp_path)
    runs.keep(RUN)
    (file,) = tmp_path.iterdir()
    file.rename(file.with_suffix(".part"))

    assert runs.find(KEY) is None
    runs.keep(RUN)
    assert [one.name for one in tmp_path.iterdir()] == [file.name]
