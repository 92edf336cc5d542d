"""A file of a log stands once: packed beside plain, or in two folders, its rows came twice."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from cherryrec.errors import LogError
from cherryrec.evaluation.logs import ClickLog, DisplayLog, LogSource
from tests.logs import (
    Written,
    write_adressa,
    write_clicks,
    write_globo,
    write_plista,
    write_r6a,
    write_r6b,
)


def read(folder: Path) -> int:
    log = LogSource(folder).open()
    assert isinstance(log, ClickLog | DisplayLog)
    return len(list(log.clicks() if isinstance(log, ClickLog) else log.displays()))


@pytest.mark.parametrize(
    "write", [write_adressa, write_clicks, write_globo, write_plista, write_r6a, write_r6b]
)
def test_a_file_that_stands_packed_and_plain_is_refused(
    tmp_path: Path, write: Callable[[Path], Written]
) -> None:
    folder = write(tmp_path / "log").path
    file = LogSource(folder).open().files()[0][1]
    file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))

    with pytest.raises(LogError, match=rf"a file must stand once .*{file.name}' and .*\.gz': pass"):
        read(folder)


def test_a_day_in_two_folders_is_refused(tmp_path: Path) -> None:
    folder = write_adressa(tmp_path / "log").path
    (folder / "three_month").mkdir()
    (folder / "three_month/20191115").write_bytes((folder / "one_week/20191115").read_bytes())

    with pytest.raises(LogError, match="got 'one_week/20191115' and 'three_month/20191115'"):
        LogSource(folder).open().articles()
    with pytest.raises(LogError, match="pass one folder"):
        read(folder)


def test_what_lies_beside_a_day_of_yahoo_is_no_day(tmp_path: Path) -> None:
    written = write_r6b(tmp_path / "log")
    day = "ydata-fp-td-clicks-v2_0.20191115"
    (written.path / f"{day}.md5").write_text("0123\n")
    log = LogSource(written.path).open()

    assert [name for name, _ in log.files()] == [day]
    assert read(written.path) == len(written.offsets_s)
