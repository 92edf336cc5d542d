"""One spelling of what reads alike: the form in which texts are compared, everywhere."""

from __future__ import annotations

import unicodedata

__all__ = ["caseless", "composed"]

_UNSEEN = dict.fromkeys(
    (0x00AD, 0x2060, 0xFEFF, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
"""Soft hyphens, joiners and marks of direction: a CMS puts them into words, nobody reads them."""


def composed(text: str) -> str:
    r"""Return a text with one code for what reads alike: styled, full-width, accented letters.

    Parameters
    ----------
    text
        Any; for texts in ASCII it is the same.

    Examples
    --------
    >>> composed("\U0001d412torm \uff33torm, cafe\u0301, Regierungs\u00adkrise")
    'Storm Storm, café, Regierungskrise'
    """
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_UNSEEN))


def caseless(text: str) -> str:
    r"""Return a text for comparison with others, without case.

    Composed first, so that styled capitals fold too; and again, as folding may take letters apart.

    Examples
    --------
    >>> caseless("\U0001d412\U0001d413\U0001d40e\U0001d411\U0001d40c") == caseless("Storm")
    True
    >>> caseless("STRASSE") == caseless("Straße"), caseless("\u0130") == caseless("i\u0307")
    (True, True)
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", composed(text).casefold())
