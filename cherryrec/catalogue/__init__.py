"""The catalogue: every article a worker may recommend, column-wise, with its summed attention.

Filled by the `articles` and `article-activity` topics. Article text is embedded once, on arrival.
"""

from __future__ import annotations

from cherryrec.catalogue.catalogue import Catalogue
from cherryrec.catalogue.columns import MAX_ENTITIES
from cherryrec.catalogue.config import CatalogueConfig
from cherryrec.catalogue.interned import MISSING, Interned
from cherryrec.catalogue.sentences import Sentences, UnreadTitle

__all__ = [
    "MAX_ENTITIES",
    "MISSING",
    "Catalogue",
    "CatalogueConfig",
    "Interned",
    "Sentences",
    "UnreadTitle",
]
