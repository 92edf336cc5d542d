"""What was computed, kept user by user, so that a run goes on where it was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from cherryrec.errors import ConfigError
from cherryrec.evaluation.recorded.files import LineFile, read_lines

__all__ = ["KeptAnswers"]


class KeptAnswers:
    """A file of one JSON line for each answer, read once and appended to.

    A line that was cut by a kill is cut off; of two for one user the later counts.

    Parameters
    ----------
    path
        The file; its folder is made when there is something to keep.

    Raises
    ------
    ConfigError
        It cannot be read or written, another process writes it, or a line is no answer.

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
        if not path.is_file():
            return
        with LineFile(path) as file:
            written = read_lines(path)
            file.repair(written)
        for number, line in enumerate(written.lines, start=1):
            try:
                found = msgspec.json.decode(line, type=dict[str, Any])
                self._answers[found["user"]] = found["answer"]
            except (msgspec.DecodeError, KeyError) as error:
                msg = f"line {number} of {str(path)!r} must be an answer, got {error}: remove it"
                raise ConfigError(msg) from error

    def of(self, user_id: str) -> Any | None:
        """Return what was kept for a user, or None."""
        return self._answers.get(user_id)

    def add(self, user_id: str, answer: Any) -> None:
        """Keep an answer at once."""
        self._answers[user_id] = answer
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with LineFile(self._path) as file:
            file.append(msgspec.json.encode({"user": user_id, "answer": answer}))
