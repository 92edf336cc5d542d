"""What was computed, kept user by user, so that a run goes on where it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

__all__ = ["KeptAnswers"]


class KeptAnswers:
    """A file of one JSON line for each answer, read once and appended to.

    A line that was cut by a kill is passed over; of two for one user the later counts.

    Parameters
    ----------
    path
        The file; its folder is made when there is something to keep.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "answers.jsonl"
    >>> KeptAnswers(path).add("u1", {"a": 0.5})
    >>> with path.open("a") as file: _ = file.write('{"user": "u2", "an')
    >>> KeptAnswers(path).of("u1"), KeptAnswers(path).of("u2")
    ({'a': 0.5}, None)
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, Any] = {}
        for line in path.read_bytes().splitlines() if path.is_file() else ():
            try:
                found = msgspec.json.decode(line, type=dict[str, Any])
                self._answers[found["user"]] = found["answer"]
            except (msgspec.DecodeError, KeyError):
                continue

    def of(self, user_id: str) -> Any | None:
        """Return what was kept for a user, or None."""
        return self._answers.get(user_id)

    def add(self, user_id: str, answer: Any) -> None:
        """Keep an answer at once."""
        self._answers[user_id] = answer
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as file:
            if file.tell() and not self._ends_a_line():
                file.write(b"\n")
            file.write(msgspec.json.encode({"user": user_id, "answer": answer}) + b"\n")

    def _ends_a_line(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) == b"\n"
