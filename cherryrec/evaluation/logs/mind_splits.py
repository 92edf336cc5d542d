"""MIND with several splits in one folder: `train`, `dev` and `test`, each with its two files.

Impression ids begin anew in each split, so each has the name of its split in front: `dev/7`. A
reader's history is the same on every row of a split; a replay imports it with the reader's first
row and adds the clicks within the log itself. The test split has no labels: whether rows have them
is decided for each split.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.base import ImpressionLog
from cherryrec.evaluation.logs.listed import Listed
from cherryrec.evaluation.logs.order import HELD_BYTES, Placed
from cherryrec.evaluation.logs.signs import Signs
from cherryrec.evaluation.logs.xmind import XMindTitles
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.evaluation.zones import UTC_NAME, described

__all__ = ["MindSplits", "open_mind", "signs"]

_BEHAVIORS = ("behaviors.tsv", "behaviors.tsv.gz")
_NEWS = ("news.tsv", "news.tsv.gz")
_SPLITS = {"train": 0, "dev": 1, "valid": 1, "test": 2}


class MindSplits(ImpressionLog):
    r"""Several splits of MIND as one log.

    Parameters
    ----------
    path
        A folder with a folder for each split; one named `…_train` is the split `train`.
    zone
        That times without one are taken to be in, by its IANA name.
    titles
        A file of xMIND, whose titles and abstracts stand for those of `news.tsv`.
    held_bytes
        About how much of the impressions are held at once, all splits together.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> folder = Path(temporary.name)
    >>> for split, hour, slate in (("train", 1, "N1-1 N2-0"), ("test", 2, "N2 N1")):
    ...     (folder / split).mkdir()
    ...     _ = (folder / split / "news.tsv").write_text(
    ...         "N1\tsport\t\tLate goal\t\t\t[]\t[]\n"
    ...     )
    ...     _ = (folder / split / "behaviors.tsv").write_text(
    ...         f"1\tU1\t11/15/2019 {hour}:00:00 AM\t\t{slate}\n"
    ...     )
    >>> [(row.impression_id, row.clicked) for row in MindSplits(folder).impressions()]
    [('train/1', (True, False)), ('test/1', None)]
    >>> temporary.cleanup()
    """

    title = "MIND"
    has_zone = True

    def __init__(
        self,
        path: str | Path,
        *,
        zone: str = UTC_NAME,
        titles: Path | None = None,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        super().__init__(path, held_bytes=held_bytes)
        folders = _split_folders(self.path)
        self.zone = described(zone)
        self._titles = XMindTitles(titles) if titles is not None else None
        self.splits = [
            MindLog(
                folder,
                zone=zone,
                split=name,
                held_bytes=held_bytes // len(folders),
            )
            for name, folder in folders.items()
        ]

    @property
    def faults(self) -> list[FileFaults]:
        """What was wrong in each file read so far."""
        return [*super().faults, *(faults for split in self.splits for faults in split.faults)]

    @property
    def n_bad_rows(self) -> int:
        """How many rows of the files read so far had to be left out, in whole or in part."""
        return super().n_bad_rows + sum(split.n_bad_rows for split in self.splits)

    @property
    def n_repeated_ids(self) -> int:
        """How many impressions that were yielded have an id that had come before in their split."""
        return sum(split.n_repeated_ids for split in self.splits)

    def files(self) -> list[tuple[str, Path]]:
        """Return the files of all splits, and that of other titles."""
        found = [file for split in self.splits for file in split.files()]
        return found if self._titles is None else [*found, (self._titles.name, self._titles.path)]

    def articles(self) -> dict[str, MindArticle]:
        """Read the articles of all splits; of two with one id the first counts."""
        found: dict[str, MindArticle] = {}
        for split in self.splits:
            for article_id, article in split.articles().items():
                found.setdefault(article_id, article)
        self._article_ids = frozenset(found)
        if self._titles is not None:
            found = self._titles.translated(found)
            self._faults[self._titles.name] = self._titles.faults
        return found

    def impressions(self, limit: int | None = None) -> Iterator[MindImpression]:
        """Yield the impressions of all splits in time order; at most `limit`.

        Raises
        ------
        LogError
            No row of a split can be read.
        """
        for split in self.splits:
            split.progress = self.progress
        each = [split.impressions() for split in self.splits]
        yield from islice(heapq.merge(*each, key=lambda row: row.shown_at), limit)

    def _listed(self, faults_of: Callable[[str], FileFaults]) -> Iterator[Placed[Listed]]:
        """Yield the slates as the files have them, split by split."""
        return chain.from_iterable(split._listed(faults_of) for split in self.splits)


def open_mind(
    path: Path,
    *,
    zone: str = UTC_NAME,
    titles: Path | None = None,
    held_bytes: int = HELD_BYTES,
) -> MindLog | MindSplits:
    """Return the reader of a folder of one split, or of several; parameters as theirs."""
    if _has(path, _BEHAVIORS) or not _split_folders(path):
        return MindLog(path, zone=zone, titles=titles, held_bytes=held_bytes)
    return MindSplits(path, zone=zone, titles=titles, held_bytes=held_bytes)


def signs(path: Path) -> Signs:
    """Say what of MIND's layout there is."""
    is_there = _has(path, _BEHAVIORS) or bool(_split_folders(path))
    found = {"behaviors.tsv or behaviors.tsv.gz, here or in train, dev or test": is_there}
    if not is_there:
        found["news.tsv or news.tsv.gz"] = _has(path, _NEWS) or path.name in _NEWS
    return Signs(found)


def _has(folder: Path, names: tuple[str, ...]) -> bool:
    """Say whether a folder holds one of these files."""
    return any((folder / name).is_file() for name in names)


def _split_folders(path: Path) -> dict[str, Path]:
    """Return the folders of the splits by their names, in the order of time.

    A folder of another name is a log of its own: two of these are not put together.

    Raises
    ------
    LogError
        Two have one name.
    """
    if not path.is_dir():
        return {}
    found: dict[str, Path] = {}
    for folder in sorted(one for one in path.iterdir() if one.is_dir() and _has(one, _BEHAVIORS)):
        name = folder.name.rpartition("_")[2]
        if name not in _SPLITS:
            continue
        if name in found:
            msg = (
                f"a split must stand once in {str(path)!r}, got {name!r} as {found[name].name!r} "
                f"and {folder.name!r}: pass a folder with one size of MIND"
            )
            raise LogError(msg)
        found[name] = folder
    return dict(sorted(found.items(), key=lambda one: _SPLITS[one[0]]))
