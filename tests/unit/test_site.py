"""The site: every page is in its navigation, every link leads somewhere, nothing is fetched."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SITE = ROOT / "deploy" / "site"
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\bsrc="(https?:)?//[^"]*"|"""
    r"""<link[^>]*\bhref="(?:https?:)?//[^"]*"|url\(["']?(?:https?:)?//"""
)


def builder() -> Any:
    spec = importlib.util.spec_from_file_location("site_build", SITE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pages(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from pages(value) if isinstance(value, list) else [value]


def test_every_page_is_in_the_navigation_once() -> None:
    class Loader(yaml.SafeLoader):
        """Reads over the one tag that is Python's."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    config = yaml.load((SITE / "mkdocs.yml").read_text("utf-8"), Loader)
    listed = list(pages(config["nav"]))
    made = {"index.md", *(f"{name}/index.md" for name in builder().LISTED)}
    docs = ROOT / "docs"

    assert len(set(listed)) == len(listed)
    assert set(listed) == made | {str(page.relative_to(docs)) for page in docs.rglob("*.md")}
    assert config["theme"]["font"] is False, "fonts would be fetched"


def test_links_lead_to_where_the_page_is_on_the_site() -> None:
    linked = builder().linked

    readme = "[a](docs/kafka.md#clocks) [b](docs/schemas) ![c](docs/page.png) [d](LICENSE) [e](#f)"
    why = "[a](../kafka.md#clocks) [b](../../cherryrec/codec.py) [c](state.md)"

    assert linked(readme, ROOT / "README.md", Path("index.md")) == (
        "[a](kafka.md#clocks) [b](schemas/index.md) ![c](page.png) d [e](#f)"
    )
    assert linked(why, ROOT / "docs" / "decisions" / "engine.md", Path("decisions/engine.md")) == (
        "[a](../kafka.md#clocks) b [c](../decisions/state.md)"
    )


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path: Path) -> None:
    build = builder()
    build.stage(tmp_path)

    assert build.build(tmp_path) == 0

    made = sorted((tmp_path / "site").rglob("*.html"))
    assert len(made) > len(list((ROOT / "docs").rglob("*.md")))
    styles = sorted((tmp_path / "site").rglob("*.css"))
    for path in (*made, *styles):
        found = FETCHED.search(path.read_text("utf-8"))
        assert found is None, f"{path.name}: {found[0] if found else ''}"


@pytest.mark.slow
def test_links_that_lead_nowhere_fail(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    build = builder()
    build.stage(tmp_path)
    with (tmp_path / "docs" / "bounds.md").open("a", encoding="utf-8") as page:
        page.write("\n[no page](nowhere.md) and [no heading](kafka.md#nowhere)\n")

    assert build.build(tmp_path) != 0

    printed = "".join(capfd.readouterr())
    assert "2 issues found" in printed
