from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cherryrec.errors import ConfigError
from streams.identity import FILE, Identity, take_folder

OURS = Identity("cluster-1", "news.", 4, {"profiles": "id-1", "requests": "id-2"})


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """The tables of a folder that is ours."""
    take_folder(tmp_path, OURS)
    tables = tmp_path / "v1" / "tables"
    for name in ("profiles-0.db", "profiles-1.db", "requests-0.db"):
        (tables / name).mkdir(parents=True)
    return tables


def names(tables: Path) -> list[str]:
    return sorted(path.name for path in tables.glob("*.db"))


def test_folder_that_is_ours_is_left_as_it_is(tmp_path: Path, tables: Path) -> None:
    take_folder(tmp_path, OURS)

    assert names(tables) == ["profiles-0.db", "profiles-1.db", "requests-0.db"]


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        (replace(OURS, cluster_id="cluster-2"), "of cluster 'cluster-1', they are of 'cluster-2'"),
        (replace(OURS, prefix="sport."), "of prefix 'news.', they are of 'sport.'"),
        (replace(OURS, partitions=8), "of partition count 4, they are of 8"),
    ],
)
def test_folder_of_another_is_refused_with_what_to_do_and_left_as_it_is(
    tmp_path: Path, tables: Path, theirs: Identity, says: str
) -> None:
    (tmp_path / FILE).unlink()
    for path in tables.glob("*.db"):
        path.rmdir()
    take_folder(tmp_path, OURS if theirs is OURS else theirs)
    (tables / "profiles-0.db").mkdir(parents=True, exist_ok=True)

    with pytest.raises(ConfigError, match="data_dir of its own, or delete") as refusal:
        take_folder(tmp_path, OURS)

    assert says in str(refusal.value)
    assert names(tables) == ["profiles-0.db"]


def test_copy_of_a_changelog_that_was_made_anew_is_deleted_and_the_other_kept(
    tmp_path: Path, tables: Path, caplog: pytest.LogCaptureFixture
) -> None:
    take_folder(tmp_path, replace(OURS, changelogs={"profiles": "id-9", "requests": "id-2"}))

    assert names(tables) == ["requests-0.db"]
    assert "changelog of table 'profiles' was made anew (topic id id-9" in caplog.text


@pytest.mark.parametrize("damage", [None, b"", b"{", b'{"cluster_id": 1}', b'{"changelogs": []}'])
def test_tables_that_do_not_say_whose_they_are_are_deleted(
    tmp_path: Path, tables: Path, caplog: pytest.LogCaptureFixture, damage: bytes | None
) -> None:
    if damage is None:
        (tmp_path / FILE).unlink()
    else:
        (tmp_path / FILE).write_bytes(damage)

    take_folder(tmp_path, OURS)

    assert names(tables) == []
    assert "do not say whose they are" in caplog.text


def test_empty_folder_is_taken_without_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    take_folder(tmp_path, OURS)

    assert (tmp_path / FILE).is_file()
    assert not caplog.records
