"""The command line as a whole: every command is there, and errors are one line with a code."""

from __future__ import annotations

import gc
import subprocess
import sys
from importlib import import_module

import click
import pytest

from cherryrec.cli import COMMANDS, cli
from tests.commands import Run

COMMAND = (sys.executable, "-m", "cherryrec.cli")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_is_listed_has_a_help(run: Run, command: str) -> None:
    ended = run(command, "--help")

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: cherryrec {command}")


def test_every_module_of_a_command_holds_it() -> None:
    for command, (module, _) in COMMANDS.items():
        assert isinstance(
            getattr(import_module(f"cherryrec.cli.{module}"), command.replace("-", "_")),
            click.Command,
        )


def test_no_garbage_is_looked_for_while_a_command_is_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[bool] = []

    def noted(name: str) -> object:
        looked.append(gc.isenabled())
        return import_module(name)

    monkeypatch.setattr("cherryrec.cli.import_module", noted)

    assert cli.get_command(click.Context(cli), "worker") is not None
    assert looked == [False]
    assert gc.isenabled()


def test_garbage_is_looked_for_again_after_a_command_that_cannot_be_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr("cherryrec.cli.import_module", missing)

    with pytest.raises(ImportError):
        cli.get_command(click.Context(cli), "worker")
    assert gc.isenabled()


def test_unknown_command_is_a_usage_error(run: Run) -> None:
    ended = run("recommend")

    assert ended.code == 2
    assert "No such command 'recommend'" in ended.err


def test_unknown_option_is_a_usage_error(run: Run) -> None:
    assert run("generate", "log", "--colour").code == 2


def test_unknown_topic_is_a_usage_error_that_lists_the_topics(run: Run) -> None:
    ended = run("tail", "click")

    assert ended.code == 2
    assert ended.err.startswith("cherryrec: error: topic must be one of articles, impressions")
    assert ended.err.count("\n") == 1


@pytest.mark.slow
def test_kafka_that_is_not_there_is_failed_work() -> None:
    # In a process of its own: kafka-python leaves the sockets of its attempts open.
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "cherryrec.cli", "topics", "check"),
            "--bootstrap-servers=127.0.0.1:1",
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("cherryrec: error: Kafka at 127.0.0.1:1 must answer, got ")
    assert ended.stderr.count("\n") == 1
