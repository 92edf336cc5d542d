"""The content files of Adressa's full version: what stands in an article, a file each.

A file has lines `{"id", "url", "fields": [{"field", "value"}]}`, or `null`; the first that is not
null counts. A body is a list of paragraphs, the first of which stands for the abstract where there
is no teaser. Soft hyphens are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from cherryrec.evaluation.logs.lines import decoded, text_lines
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle

__all__ = ["Contents", "content_files"]

_SOFT_HYPHEN = "\u00ad"


class _Field(msgspec.Struct):
    """One named value."""

    field: str
    value: Any = None


class _Content(msgspec.Struct):
    """What is read of a line."""

    id: str | None = None
    url: str | None = None
    fields: tuple[_Field, ...] = ()


_DECODER = msgspec.json.Decoder(_Content | None)


class Contents:
    r"""Titles and abstracts by article id and by address.

    Parameters
    ----------
    paths
        The content files.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> path = Path(temporary.name) / "a1"
    >>> _ = path.write_text(
    ...     'null\n{"id": "other", "url": "http://x.no/a", "fields": [{"field": "body", "value": '
    ...     '["Slutt.", "Mer."]}]}\n'
    ... )
    >>> article = MindArticle("a", "nyheter", None, "Valg", "", "http://x.no/a?ref=front", ())
    >>> Contents([path]).put_on(article, "http://x.no/a").abstract
    'Slutt.'
    >>> temporary.cleanup()
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.faults: list[FileFaults] = []
        self._found: dict[str, tuple[str, str]] = {}
        for path in paths:
            self._read(path)

    def put_on(self, article: MindArticle, address: str | None) -> MindArticle:
        """Return an article with what its content file says, found by id, else by address."""
        for name in (article.article_id, address, article.url):
            if name and (found := self._found.get(name)) is not None:
                title, abstract = found
                return replace(
                    article, title=article.title or title, abstract=abstract or article.abstract
                )
        return article

    def _read(self, path: Path) -> None:
        """Read one file; what is wrong in it is kept."""
        faults = FileFaults(f"{path.parent.name}/{path.name}")
        for line, text in text_lines(path, faults):
            try:
                content = decoded(_DECODER, text)
            except ValueError as error:
                faults.add(line, f"row must be the content of an article, got {str(error)[:200]}")
                continue
            if content is None:
                continue
            values = {one.field: one.value for one in content.fields}
            body = values.get("body")
            first = body[0] if isinstance(body, list) and body else body
            abstract = values.get("teaser") or first or ""
            entry = (_clean(values.get("title")), _clean(abstract))
            for name in (content.id, content.url, values.get("canonicalUrl")):
                if isinstance(name, str) and name:
                    self._found.setdefault(name, entry)
            break
        if faults.n_bad:
            self.faults.append(faults)


def content_files(path: Path) -> list[Path]:
    """Return the files in the folders `content*` of a log, by name."""
    if not path.is_dir():
        return []
    return sorted(
        file
        for folder in path.glob("content*")
        if folder.is_dir()
        for file in folder.iterdir()
        if file.is_file()
    )


def _clean(value: Any) -> str:
    """Return a text without soft hyphens; nothing where it is none."""
    return value.replace(_SOFT_HYPHEN, "").strip() if isinstance(value, str) else ""
