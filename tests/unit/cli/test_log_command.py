"""`cherryrec log check` and what commands say of the logs they take."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands import run_command
from tests.logs import WRITERS, write_clicks, write_mind, write_mind_splits, write_r6b


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WRITERS))
def test_check_reports_any_log_and_draws_its_hours(name: str, tmp_path: Path) -> None:
    written = WRITERS[name](tmp_path / "log")

    ended = run_command("log", "check", str(written.path), "--report", str(tmp_path / "report"))

    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0].startswith(f"{written.path} is read as ")
    assert "its times are taken as UTC" in lines[0]
    assert lines[1].startswith(f"{len(written.offsets_s)} events with ")
    assert lines[1].endswith("2019-11-15 00:00:00 to 2019-11-15 00:05:00 UTC")
    assert any(line.startswith("rows read: ") and "refused: 1" in line for line in lines)
    assert f"bad row {written.bad[0]}:{written.bad[1]}: " in ended.err
    picture = tmp_path / "report" / "clicks-by-hour.png"
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_an_unhealthy_log_ends_with_1_and_what_to_check(tmp_path: Path) -> None:
    folder = write_mind(tmp_path / "log").path
    rows = "".join(f"{number}\tu1\t11/15/2019 1:00:00 AM\t\tn1-1 n2-0\n" for number in range(150))
    (folder / "behaviors.tsv").write_text(rows)
    check = ("log", "check", str(folder), "--report", str(tmp_path / "report"))

    ended, believed = run_command(*check), run_command(*check, "--anyway")

    assert ended.code == 1
    assert "all 150 histories are empty: check the column" in ended.err
    assert believed.code == 0
    assert "check the log: all 150 histories are empty" in believed.err


def test_an_unhealthy_log_is_not_replayed(tmp_path: Path) -> None:
    folder = write_mind(tmp_path / "log").path
    rows = "".join(f"{number}\tu1\t11/15/2019 1:00:00 AM\tn0\tx-1 y-0\n" for number in range(150))
    (folder / "behaviors.tsv").write_text(rows)

    ended = run_command("replay", str(folder), "--report", str(tmp_path / "report"))

    assert ended.code == 1
    assert "none of the 300 articles shown is among the 3 described" in ended.err


def test_an_unknown_format_or_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("a\n")

    unknown = run_command("log", "check", str(tmp_path))
    misnamed = run_command("log", "check", str(tmp_path), "--format", "mint")

    assert unknown.code == 1
    assert "a log must be in a known format" in unknown.err
    assert misnamed.code == 2
    assert "wanted one of mind, ebnerd, globo, adressa, r6a, r6b, plista, clicks" in misnamed.err


@pytest.mark.slow
def test_a_replay_says_what_it_took_a_log_for(tmp_path: Path) -> None:
    written = write_clicks(tmp_path / "log")

    ended = run_command("replay", str(written.path), "--report", str(tmp_path / "report"))

    assert ended.code == 0, ended.err
    assert "is read as clicks (clicks alone); its times are taken as UTC" in ended.out
    assert "rows read: 8 of 1 file, refused: 1" in ended.out


def test_what_was_shown_at_random_is_not_ranked_by_replay(tmp_path: Path) -> None:
    written = write_r6b(tmp_path / "log")

    ended = run_command("replay", str(written.path), "--report", str(tmp_path / "report"))

    assert ended.code == 1
    assert "a log of slates is needed, got" in ended.err
    assert "is judged by `cherryrec off-policy`" in ended.err


@pytest.mark.slow
def test_predictions_have_the_ids_and_the_order_of_the_files(tmp_path: Path) -> None:
    written = write_mind_splits(tmp_path / "log")
    lines = tmp_path / "prediction.txt"

    ended = run_command(
        *("replay", str(written.path), "--baselines", "none", "--predictions", str(lines)),
        *("--report", str(tmp_path / "report")),
    )

    assert ended.code == 0, ended.err
    assert [line.split()[0] for line in lines.read_text().splitlines()] == list("1231212")
    assert "come again with another slate" not in ended.err
