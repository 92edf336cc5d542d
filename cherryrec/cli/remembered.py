"""Sentence vectors of titles, kept between runs: a log that is replayed again is not read again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cherryrec.cli.options import cache_dir
from cherryrec.cli.progress import progress_bar
from cherryrec.errors import ServiceError
from cherryrec.evaluation.mind_rows import MindArticle, MindImpression
from cherryrec.text import SENTENCE_DIMENSIONS, SentenceModel, load_sentence_model

__all__ = ["RememberedVectors", "vectors_of", "vectors_of_log"]

Vector = NDArray[np.int8]

_FILE = "sentence-vectors.sqlite"
_COMMIT_EVERY = 500
_BUSY_S = 60.0


class RememberedVectors:
    """A model's vectors in a file; what is not there is read by the model, and put there.

    Parameters
    ----------
    model
        Reads titles. The file may hold vectors of several, each under its version.
    path
        The file, made if there is none; processes may share it.

    Raises
    ------
    ServiceError
        The file cannot be used.
    """

    def __init__(self, model: SentenceModel, path: Path) -> None:
        self._model = model
        self._path = path
        self._n_new = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=_BUSY_S)
            with self._file:
                self._file.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (version TEXT, title BLOB, vector BLOB, "
                    "PRIMARY KEY (version, title)) WITHOUT ROWID"
                )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def embed(self, title: str) -> Vector:
        """Return the vector of a title, int8 (384,).

        Raises
        ------
        ServiceError
            The file cannot be read or written.
        """
        digest = blake2b(title.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        place = (self._model.version, digest)
        try:
            found = self._file.execute(
                "SELECT vector FROM vectors WHERE version = ? AND title = ?", place
            ).fetchone()
            if found is not None and len(found[0]) == SENTENCE_DIMENSIONS:
                return np.frombuffer(found[0], np.int8)
            vector = self._model.embed(title)
            self._file.execute("REPLACE INTO vectors VALUES (?, ?, ?)", (*place, vector.tobytes()))
            self._n_new += 1
            if self._n_new % _COMMIT_EVERY == 0:
                self._file.commit()
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return vector

    def close(self) -> None:
        """Write what is new, and close the file."""
        try:
            self._file.commit()
            self._file.close()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> ServiceError:
        return ServiceError(
            f"sentence vectors are kept in {str(self._path)!r}, which cannot be used: {error}; "
            "delete it, or set CHERRYREC_CACHE_DIR to a folder with room"
        )


def vectors_of(titles: Iterable[str], name: str, folder: Path) -> Callable[[str], Vector] | None:
    """Return what gives each of some titles its vector, all read before; None for no model.

    Parameters
    ----------
    titles
        Those of a log. Others are read when they are asked for.
    name
        Of a sentence model, or `none`.
    folder
        Where the file of vectors is kept.
    """
    model = load_sentence_model(name)
    if model is None:
        return None
    known: dict[str, Vector] = {}
    remembered = RememberedVectors(model, folder / _FILE)
    different = list(dict.fromkeys(titles))
    try:
        with progress_bar(f"reading titles by {name}", len(different)) as advance:
            for title in different:
                known[title] = remembered.embed(title)
                advance(1)
    finally:
        remembered.close()

    def vector_of(title: str) -> Vector:
        vector = known.get(title)
        return model.embed(title) if vector is None else vector

    return vector_of


def vectors_of_log(
    rows: Iterable[MindImpression], articles: Mapping[str, MindArticle], name: str
) -> Callable[[str], Vector] | None:
    """Return what gives the titles of a log's rows their vectors, kept in the user's cache."""
    if name == "none":
        return None
    seen = {one for row in rows for one in (*row.history, *row.candidates)}
    titles = (articles[one].title for one in sorted(seen) if one in articles)
    return vectors_of(titles, name, cache_dir())
