"""Debian's Chromium, driven by Playwright; skipped with the reason where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.page_world import PageWorld

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESK, PHONE = (1_280, 800), (375, 720)
WAIT_MS = 15_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser as slow: each of these tests takes seconds."""
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, closed after each file.

    Playwright's loop runs in this thread as long as it is open, and no test that is a coroutine
    could run in the same process meanwhile.
    """
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the path (apt-get install)")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path)
        yield opened
        opened.close()


class Tab:
    """A page in a window of its own, which notes what must not be: errors, calls to elsewhere."""

    def __init__(self, browser: Any, world: PageWorld, **options: Any) -> None:
        self.world = world
        self.errors: list[str] = []
        self.outside: list[str] = []
        self.is_trouble_expected = False
        self._is_closed = False
        width, height = options.pop("size", DESK)
        self._context = browser.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        self.page = self._context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def go(self, view: str) -> Any:
        """Show a view, and wait until it is there."""
        self.page.goto(f"{self.world.url}/#/{view}")
        name = view.split("/", maxsplit=1)[0]
        self.page.wait_for_selector(f"#tab-{name}[aria-selected=true]")
        return self.page

    def go_nowhere(self) -> Any:
        """Show what there is without a key: the question for one."""
        self.page.goto(self.world.url)
        self.page.wait_for_selector("#key")
        return self.page

    def text(self) -> str:
        return str(self.page.inner_text("main"))

    def wait_for(self, text: str) -> None:
        self.page.get_by_text(text).first.wait_for()

    def close(self) -> None:
        """Close it, once, and fail where something was said that must not be."""
        if self._is_closed:
            return
        self._is_closed = True
        self._context.close()
        assert self.outside == []
        assert self.is_trouble_expected or self.errors == []

    def _said(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.world.url, "data:", "blob:")):
            self.outside.append(request.url)


@pytest.fixture
def open_tab(browser: Any) -> Iterator[Callable[..., Tab]]:
    tabs = []

    def opened(world: PageWorld, **options: Any) -> Tab:
        tab = Tab(browser, world, **options)
        tabs.append(tab)
        return tab

    yield opened
    for tab in tabs:
        tab.close()


@pytest.fixture(scope="module")
def world() -> Iterator[PageWorld]:
    """A system with an hour behind it."""
    with PageWorld(is_demo=True) as running:
        running.fill()
        yield running


@pytest.fixture
def fresh_world() -> Iterator[PageWorld]:
    """A system of which nothing has come."""
    with PageWorld() as running:
        yield running
