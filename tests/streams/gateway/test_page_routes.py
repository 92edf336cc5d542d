"""The page's files and what it asks for beside the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from litestar.testing import TestClient

from cherryrec.pipeline import EvaluatorConfig, PipelineConfig
from streams.config import KafkaConfig
from streams.gateway.app import create_app
from streams.gateway.config import GatewayConfig
from streams.gateway.gateway import Gateway
from streams.gateway.page import page_files, page_routes
from tests.streams.gateway.conftest import NOW_S, READ, SEND, bearer
from tests.streams.gateway.live_records import article, click, shown, slate
from tests.streams.gateway.memory_kafka import MemoryKafka

LOCAL = "http://127.0.0.1:6070"


class PageGateway:
    def __init__(self, **config: Any) -> None:
        self.gateway = Gateway(
            KafkaConfig(),
            GatewayConfig(**config),
            core=PipelineConfig(evaluator=EvaluatorConfig(deadline_ms=20)),
            clock=lambda: NOW_S,
            transport=MemoryKafka,
        )
        routes = page_routes(self.gateway, label_after_s=60.0, is_demo=True)
        self.client = TestClient(create_app(self.gateway, routes), base_url=LOCAL)
        assert isinstance(self.gateway.transport, MemoryKafka)
        self.kafka = self.gateway.transport


@pytest.fixture
def open_page() -> Iterator[PageGateway]:
    page = PageGateway()
    with page.client:
        yield page


@pytest.fixture
def locked_page() -> Iterator[PageGateway]:
    page = PageGateway(read_keys=(READ,), send_keys=(SEND,))
    with page.client:
        yield page


def test_the_page_is_served_with_a_policy_that_allows_nothing_inline(
    open_page: PageGateway,
) -> None:
    answer = open_page.client.get("/")

    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_nothing_in_the_files_is_inline_or_from_elsewhere() -> None:
    for name, file in page_files().items():
        text = file.content.decode()
        found = re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)
        assert [one for one in found if "www.w3.org" not in one] == [], name
        assert "innerHTML" not in text, name
        assert "insertAdjacentHTML" not in text, name
        if name.endswith(".html"):
            assert not re.search(r"\sstyle=|<style|\son\w+=|<script>", text), name


def test_every_module_that_is_imported_is_there() -> None:
    files = page_files()
    for name, file in files.items():
        folder = name.rpartition("/")[0]
        for wanted in re.findall(r'from "(\.[^"]+)"', file.content.decode()):
            parts = f"{folder}/{wanted}".lstrip("/").split("/")
            path: list[str] = []
            for part in parts:
                if part == "..":
                    path.pop()
                elif part != ".":
                    path.append(part)
            assert "/".join(path) in files, f"{name} imports {wanted}"


def test_a_browser_that_has_a_file_gets_no_second_one(open_page: PageGateway) -> None:
    tag = open_page.client.get("/page/main.js").headers["etag"]

    assert open_page.client.get("/page/main.js", headers={"If-None-Match": tag}).status_code == 304
    assert open_page.client.get("/page/nothing.js").status_code == 404
    assert open_page.client.get("/page/../files.py").status_code == 404


def test_the_page_says_what_it_is(open_page: PageGateway, locked_page: PageGateway) -> None:
    settings = "/page/settings.json"

    assert open_page.client.get(settings).json() == {"demo": True, "wants_key": False}
    assert locked_page.client.get(settings).json() == {"demo": True, "wants_key": True}


@pytest.mark.parametrize("path", ["/page/live/now", "/page/articles?id=a", "/page/slates/u"])
def test_numbers_titles_and_slates_need_a_key_to_read(locked_page: PageGateway, path: str) -> None:
    assert locked_page.client.get(path).status_code == 401
    assert locked_page.client.get(path, headers=bearer(SEND)).status_code == 403


def test_titles_come_with_counts_and_with_everyones_rate(open_page: PageGateway) -> None:
    open_page.kafka.publish("articles", article("a", title="<b>A</b>"), at_s=NOW_S)
    open_page.kafka.publish("impressions", shown("i", "ab"), at_s=NOW_S)
    open_page.kafka.publish("clicks", click("e", "a"), at_s=NOW_S)

    found = open_page.client.get("/page/articles?id=a&id=unknown").json()

    assert list(found) == ["a"]
    assert found["a"]["title"] == "<b>A</b>"
    assert found["a"]["clicks_1h"] == found["a"]["views_1h"] == 1
    assert found["a"]["base_1h"] == 0.5


def test_the_newest_slate_of_a_reader_is_there_or_null(open_page: PageGateway) -> None:
    open_page.kafka.publish("recommendations", slate("r1", "ab"), at_s=NOW_S)

    assert open_page.client.get("/page/slates/u").json()["request_id"] == "r1"
    assert open_page.client.get("/page/slates/nobody").json() is None


def test_a_view_that_there_is_not_is_refused(open_page: PageGateway) -> None:
    assert open_page.client.get("/page/live/secrets").status_code == 400


def test_too_many_ids_are_refused(open_page: PageGateway) -> None:
    ids = "&".join(f"id={n}" for n in range(101))

    assert open_page.client.get(f"/page/articles?{ids}").status_code == 400
