"""The article: a, b, c published one, two and three hours ago; d first shown six hours ago."""

from __future__ import annotations

from math import log

WORKED = {
    "age": (log(61), log(121), log(181), log(361)),
    "is_first_shown": (0.0, 0.0, 1.0, 0.0),
}
