"""`GET /openapi.json` and `GET /asyncapi.json`: the API and the topics, described for programs."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.plugins import OpenAPIRenderPlugin

from cherryrec.schemas import asyncapi_document
from streams.gateway.calls import StrictRequest
from streams.gateway.documents import openapi_document
from streams.gateway.gateway import Gateway

__all__ = ["Documents", "OpenApiJson", "asyncapi", "openapi"]

JSON = "application/json"
_HEADERS = {"Cache-Control": "public, max-age=300"}


class Documents:
    """The two documents as bytes, made when they are first asked for."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._made: dict[str, bytes] = {}

    def openapi(self, app: Litestar) -> bytes:
        """Return the OpenAPI document of an app."""
        if "openapi" not in self._made:
            document = openapi_document(app, self._gateway.config, self._gateway.core)
            self._made["openapi"] = msgspec.json.encode(document)
        return self._made["openapi"]

    def asyncapi(self) -> bytes:
        """Return the AsyncAPI document of the topics, by their names here."""
        if "asyncapi" not in self._made:
            document = asyncapi_document(self._gateway.kafka.prefix)
            self._made["asyncapi"] = msgspec.json.encode(document)
        return self._made["asyncapi"]


class OpenApiJson(OpenAPIRenderPlugin):
    """Answers where Litestar has its own document with ours, which is right about bounds."""

    def __init__(self, documents: Documents) -> None:
        super().__init__(path="/openapi.json", media_type=MediaType.JSON)
        self._documents = documents

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return our document."""
        return self._documents.openapi(request.app)


@get("/openapi.json", include_in_schema=False)
async def openapi(request: StrictRequest, documents: NamedDependency[Documents]) -> Response[bytes]:
    """Answer with the OpenAPI document; it needs no key, as it holds nothing of anybody."""
    return Response(documents.openapi(request.app), media_type=JSON, headers=_HEADERS)


@get("/asyncapi.json", include_in_schema=False)
async def asyncapi(documents: NamedDependency[Documents]) -> Response[bytes]:
    """Answer with the AsyncAPI document, without a key as well."""
    return Response(documents.asyncapi(), media_type=JSON, headers=_HEADERS)
