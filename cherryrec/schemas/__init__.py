"""The messages described for other languages: JSON Schemas, and one AsyncAPI document.

Both are generated from the structs and the table of topics, never written by hand. `messages`
makes a schema a message, `asyncapi` the document, `files` the bytes of all.
"""

from __future__ import annotations

from cherryrec.schemas.asyncapi import asyncapi_document
from cherryrec.schemas.files import schema_files
from cherryrec.schemas.messages import message_schema

__all__ = ["asyncapi_document", "message_schema", "schema_files"]
