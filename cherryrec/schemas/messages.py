"""The JSON Schema of a message: what msgspec knows of its struct, and what only the codec does."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import msgspec

from cherryrec.codec import EARLIEST, LATEST
from cherryrec.events import Event, Impression, Inquiry

__all__ = ["DIALECT", "message_schema", "message_schemas"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REF = "#/$defs/{name}"
_OF_AN_ARTICLE: dict[str, Any] = {
    "if": {"properties": {"kind": {"const": "why_not"}}, "required": ["kind"]},
    "then": {"properties": {"article_id": {"type": "string"}}, "required": ["article_id"]},
    "else": {"properties": {"article_id": {"type": "null"}}},
}
_WITH_ZONE = r"([Zz]|[+-][0-9]{2}:?[0-9]{2})$"


def message_schema(message: type[Event]) -> dict[str, Any]:
    """Return a schema of one message that stands alone.

    What spans two fields cannot be said in a schema: an impression has a propensity an article.

    Examples
    --------
    >>> from cherryrec.events import Deadline
    >>> schema = message_schema(Deadline)
    >>> schema["$ref"], schema["$defs"]["Deadline"]["required"]
    ('#/$defs/Deadline', ['request_id', 'user_id'])
    """
    schemas = message_schemas([message], ref_template=_REF)
    return {"$schema": DIALECT, "$ref": _REF.format(name=message.__name__), "$defs": schemas}


def message_schemas(messages: Iterable[type[Event]], *, ref_template: str) -> dict[str, Any]:
    """Return the schemas of messages and of the structs inside them, by name.

    Parameters
    ----------
    messages
        Their structs.
    ref_template
        How one refers to another, with `{name}`.
    """
    _, schemas = msgspec.json.schema_components(messages, ref_template=ref_template)
    for schema in schemas.values():
        _complete(schema)
    if Impression.__name__ in schemas:
        schemas[Impression.__name__]["properties"]["articles"]["uniqueItems"] = True
    if Inquiry.__name__ in schemas:
        schemas[Inquiry.__name__] |= _OF_AN_ARTICLE
    return {name: schemas[name] for name in sorted(schemas)}


def _complete(schema: dict[str, Any]) -> None:
    """Add what the codec demands of times and grants to nulls; indent descriptions as text."""
    if "description" in schema:
        schema["description"] = inspect.cleandoc(schema["description"])
    for name, property_ in schema.get("properties", {}).items():
        is_checked = name.endswith("_at") and name != "expires_at"
        for one in (property_, *property_.get("anyOf", ())):
            if one.get("format") == "date-time":
                one["pattern"] = _WITH_ZONE
                if is_checked:
                    one["description"] = f"from {EARLIEST.year} to {LATEST.year - 1}, with its zone"
        if "default" in property_ and name != "schema":
            schema["properties"][name] = _nullable(property_)


def _nullable(property_: dict[str, Any]) -> dict[str, Any]:
    """Let a field that may be absent be null, which means the same."""
    null = {"type": "null"}
    if null in property_.get("anyOf", ()):
        return property_
    default = {"default": property_.pop("default")}
    return {"anyOf": [property_, null], **default}
