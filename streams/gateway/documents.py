"""The OpenAPI document: Litestar's, with the schemas that msgspec makes of the same structs.

Litestar's own schema of a struct leaves out bounds within unions and tuples, so that what the codec
refuses would pass. What is refused is said once, in the structs.
"""

from __future__ import annotations

import inspect
from copy import deepcopy
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from cherryrec.events import Event, InquiryAnswer, Recommendation, WhatIf
from cherryrec.inquiries import served_parts
from cherryrec.pipeline import PipelineConfig
from cherryrec.schemas.messages import message_schemas
from cherryrec.topics import topic_named
from streams.gateway.answers import Question, ServedSlate
from streams.gateway.calls import Needs
from streams.gateway.config import GatewayConfig
from streams.gateway.incoming import TOPICS

__all__ = ["DESCRIPTION", "openapi_document"]

DESCRIPTION = (
    "Explained slates of news, and the events they are learned from. Unknown fields are passed "
    "over. What is wrong is a problem document (RFC 9457); every answer has an X-Request-Id, by "
    "which the gateway's log knows the call."
)

_REF = "#/components/schemas/{name}"
_ANSWERS: tuple[type[Event], ...] = (Recommendation, ServedSlate, InquiryAnswer)


def openapi_document(app: Litestar, config: GatewayConfig, core: PipelineConfig) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of an app of the gateway, which asks workers of a core."""
    document = app.openapi_schema.to_schema()
    structs = _structs(app)
    schemas = document["components"]["schemas"]
    events: list[type[Event]] = [
        Question,
        WhatIf,
        *_ANSWERS,
        *(topic_named(name).message for name in TOPICS),
    ]
    own = msgspec.json.schema_components(structs, ref_template=_REF)[1]
    for schema in own.values():
        schema["description"] = inspect.cleandoc(schema["description"])
    schemas |= own
    schemas |= message_schemas(events, ref_template=_REF)
    for answer in _ANSWERS:
        schemas[answer.__name__]["required"].append("schema")
    _fill_in(schemas[Question.__name__])
    _name_parts(schemas[WhatIf.__name__], core)
    posted = {f"Posted{topic_named(name).message.__name__}": name for name in TOPICS}
    for name, topic in posted.items():
        schemas[name] = _posted(schemas[topic_named(topic).message.__name__], topic)
    one_of = [{"$ref": _REF.format(name=name)} for name in posted]
    schemas["PostedEvent"] = {"anyOf": one_of}
    event = {"$ref": _REF.format(name="PostedEvent")}
    many = {"type": "array", "items": event, "minItems": 1, "maxItems": config.max_batch}
    schemas["Events"] = {"anyOf": [event, many]}
    _complete_operations(app, document)
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key of the settings."},
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    }
    return document


def _structs(app: Litestar) -> list[type[msgspec.Struct]]:
    """Return the structs that routes answer with and that are no messages of topics."""
    found: dict[str, type[msgspec.Struct]] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            annotation = handler.parsed_fn_signature.return_type
            kinds = [annotation.annotation, *(one.annotation for one in annotation.inner_types)]
            specs = (handler.responses or {}).values()
            for kind in [*kinds, *(spec.data_container for spec in specs)]:
                is_struct = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
                if is_struct and not issubclass(kind, Event):
                    found[kind.__name__] = kind
    return list(found.values())


def _fill_in(question: dict[str, Any]) -> None:
    """Say of what the gateway fills in that it may be absent, not what stands for absent."""
    for name in ("request_id", "requested_at"):
        property_ = question["properties"][name]
        property_.pop("default", None)


def _name_parts(conditions: dict[str, Any], core: PipelineConfig) -> None:
    """Say which parts a slate can be asked for without."""
    (names,) = (one for one in conditions["properties"]["without"]["anyOf"] if "items" in one)
    names["items"] = {"enum": sorted(served_parts(core))}


def _posted(schema: dict[str, Any], topic: str) -> dict[str, Any]:
    """Return the schema of a message with the topic that it is for."""
    posted = deepcopy(schema)
    posted["title"] = f"Posted{schema['title']}"
    posted["properties"] = {"topic": {"const": topic}, **posted["properties"]}
    posted["required"] = ["topic", *posted["required"]]
    return posted


def _complete_operations(app: Litestar, document: dict[str, Any]) -> None:
    """Add to each operation the right it needs, and the body where Litestar does not know it."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            path = document["paths"].get(route.path_format)
            for method in sorted(handler.http_methods) if path is not None else ():
                operation = path.get(method.lower())
                if operation is not None:
                    _complete_operation(handler, operation)


def _complete_operation(handler: HTTPRouteHandler, operation: dict[str, Any]) -> None:
    rights = [guard.right for guard in handler.guards or () if isinstance(guard, Needs)]
    if rights:
        operation["security"] = [{"bearer": []}, {"key": []}]
        operation["description"] += f"\n\nNeeds a key with the right to {rights[0]}."
    body = handler.opt.get("body")
    if body is not None:
        content = {"application/json": {"schema": {"$ref": _REF.format(name=body)}}}
        operation["requestBody"] = {"required": True, "content": content}
