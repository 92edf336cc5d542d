"""xMIND: the titles and abstracts of MIND's articles in other languages, one file a language.

`news.tsv` with a header, tab-separated: `nid`, `title`, `abstract`. Sections, entities and
addresses stay those of MIND, as xMIND has none.

References
----------
Iana et al. (2024), MIND Your Language: A Multilingual Dataset for Cross-lingual News
Recommendation, SIGIR, https://doi.org/10.1145/3626772.3657867.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cherryrec.errors import LogError
from cherryrec.evaluation.logs.lines import text_lines
from cherryrec.evaluation.mind_checks import check_article
from cherryrec.evaluation.mind_faults import FileFaults
from cherryrec.evaluation.mind_rows import MindArticle

__all__ = ["HEADER", "XMindTitles"]

HEADER = ("nid", "title", "abstract")


class XMindTitles:
    r"""Titles and abstracts by article.

    Parameters
    ----------
    path
        A `news.tsv` of xMIND, plain or gzipped.

    Attributes
    ----------
    name
        Within the log, as its own file has the same name.
    faults
        What was wrong in the file when it was read last.

    Examples
    --------
    >>> import tempfile
    >>> temporary = tempfile.TemporaryDirectory()
    >>> path = Path(temporary.name) / "news.tsv"
    >>> _ = path.write_text("nid\ttitle\tabstract\nN1\tSpätes Tor\t\n")
    >>> titles = XMindTitles(path)
    >>> article = MindArticle("N1", "sport", None, "Late goal", "In extra time", "", ())
    >>> titles.translated({"N1": article})["N1"].title
    'Spätes Tor'
    >>> temporary.cleanup()
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = f"titles/{self.path.name}"
        self.faults = FileFaults(self.name)

    def translated(self, articles: dict[str, MindArticle]) -> dict[str, MindArticle]:
        """Return articles with the titles and abstracts of the file.

        Those that it lacks stay as they are, and a title that is empty there stays the log's own.

        Raises
        ------
        LogError
            The file is none of xMIND, or describes none of these articles.
        """
        self.faults = FileFaults(self.name)
        lines = text_lines(self.path, self.faults)
        header = next((text for _, text in lines), "")
        if tuple(header.split("\t")) != HEADER:
            msg = (
                f"{str(self.path)!r} must begin with the columns {', '.join(HEADER)}, "
                f"tab-separated, got {header[:60]!r}: is it a file of xMIND?"
            )
            raise LogError(msg)
        self.faults.n_rows = 0
        found = dict(articles)
        n_known = 0
        for line, text in lines:
            columns = text.split("\t")
            if len(columns) != len(HEADER):
                reason = f"row must have {len(HEADER)} tab-separated columns, got {len(columns)}"
                self.faults.add(line, reason)
                continue
            article = found.get(columns[0])
            if article is None:
                continue
            title = columns[1].strip() or article.title
            article = replace(article, title=title, abstract=columns[2].strip())
            try:
                check_article(article)
            except ValueError as error:
                self.faults.add(line, str(error))
                continue
            found[columns[0]] = article
            n_known += 1
        if articles and not n_known:
            msg = f"{str(self.path)!r} must describe articles of the log, got none: is it of MIND?"
            raise LogError(msg)
        return found
