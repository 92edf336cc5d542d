"""The page: static files, and what only the page asks for beside the API.

`files` holds HTML, style sheets and modules as they are in `static`, `routes` serves them and the
live snapshots. Nothing is built, and nothing is fetched from elsewhere.
"""

from __future__ import annotations

from streams.gateway.page.files import PageFile, page_files
from streams.gateway.page.routes import page_routes

__all__ = ["PageFile", "page_files", "page_routes"]
