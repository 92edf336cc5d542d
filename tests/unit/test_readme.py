"""README: its table is the settings', its commands exist, its files are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from cherryrec.cli import cli
from cherryrec.cli.table import configuration_table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found is not None, f"README has a part {name}"
    return found[1]


def commands() -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(cherryrec [^`]+)`", README)
    return sorted({line for line in lines if line.startswith("cherryrec ")})


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert part("settings").strip() == configuration_table().strip()


@pytest.mark.parametrize("line", commands())
def test_every_command_shown_exists_with_its_options(line: str) -> None:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="cherryrec")
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{line!r}: there is no {name!r}"
        command, context = found, click.Context(found, parent=context, info_name=name)
    known = {option for param in command.params for option in param.opts}
    shown = {word for word in words if word.startswith("--")}
    assert shown <= known


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_every_file_linked_is_there(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z]+)", README))))
def test_every_make_target_shown_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
