"""README and docs: commands exist with their options, links lead somewhere, files are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from cherryrec.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
FOLDERS = "benchmarks|cherryrec|deploy|docs|findings|gpu_worker|streams|tests"


def commands() -> list[str]:
    lines = []
    for text in TEXTS.values():
        for block in re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            lines += block.replace("\\\n", " ").splitlines()
        lines += re.findall(r"`(cherryrec [^`]+)`", text)
    single = {part.strip() for line in lines for part in re.split(r" (?:\||&&) ", line)}
    return sorted(line for line in single if line.startswith("cherryrec "))


def links() -> list[tuple[str, str]]:
    found = {
        (str(page.relative_to(ROOT)), link)
        for page, text in TEXTS.items()
        for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)
    }
    return sorted(found)


def headings(text: str) -> set[str]:
    """The anchors that a page has: its headings as GitHub writes them."""
    plain = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", plain, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def files_named() -> list[tuple[str, str]]:
    pattern = rf"`((?:{FOLDERS})/[\w./-]+)`"
    return sorted(
        {
            (str(page.relative_to(ROOT)), name)
            for page, text in TEXTS.items()
            for name in re.findall(pattern, text)
        }
    )


@pytest.mark.parametrize("line", commands())
def test_every_command_shown_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="cherryrec")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{line!r}: there is no {name!r}"
        command, context = found, click.Context(found, parent=context, info_name=name)
    known = {option for param in command.params for option in param.opts}
    shown = {word for word in words if word.startswith("--")}
    assert shown <= known


def test_every_link_leads_to_a_file_and_a_heading_of_it() -> None:
    assert links()
    for page, link in links():
        name, _, heading = link.partition("#")
        target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
        assert target.exists(), f"{page} links to {link}"
        if heading:
            found = headings(target.read_text(encoding="utf-8"))
            assert heading in found, f"{page} links to {link}"


def test_every_file_named_is_there() -> None:
    assert files_named()
    assert [one for one in files_named() if not (ROOT / one[1]).exists()] == []


@pytest.mark.parametrize(
    "target", sorted({t for text in TEXTS.values() for t in re.findall(r"`make ([a-z]+)", text)})
)
def test_every_make_target_shown_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_command_has_its_row() -> None:
    page = TEXTS[ROOT / "docs" / "commands.md"]

    for name, command in cli.commands.items():
        below = command.commands if isinstance(command, click.Group) else None
        for whole in [f"{name} {one}" for one in below] if below else [name]:
            assert re.search(rf"`cherryrec {whole}[ `]", page), whole
