"""Ids in paths: the same ids as in messages, 1 to 256 characters."""

from __future__ import annotations

from typing import Annotated

from litestar.openapi.spec import Example
from litestar.params import PathParameter

__all__ = ["ArticleId", "RequestId", "UserId"]


def _id(description: str, example: str) -> PathParameter:
    return PathParameter(
        min_length=1, max_length=256, description=description, examples=[Example(value=example)]
    )


ArticleId = Annotated[str, _id("An article's id; one with a slash cannot stand in a path.", "A1")]
RequestId = Annotated[str, _id("The id of a request, as its slate names it.", "R1")]
UserId = Annotated[str, _id("A user's id; one with a slash cannot stand in a path.", "U7")]
