"""What an operator tells CnLE's workers: which LoRA weights to serve with."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cherryrec.events.base import Event, Id, Text, Time

__all__ = ["LoraPublished"]


class LoraPublished(Event, frozen=True, kw_only=True, omit_defaults=True):
    """LoRA weights are to be served by every worker whose model is `base`.

    `base` is the model's name without folders or organisation, `path` the weights' folder as the
    workers see it (with a cluster, its servers), and `fingerprint` twelve hex digits of its files.
    """

    schema: Literal[1] = 1
    base: Id
    path: Text
    fingerprint: Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]
    published_at: Time
