"""The command `cherryrec`: the composition root, where files, environment and clocks are read.

Commands are imported when they are called, so that `--help` is quick and works without torch.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module

import click

from cherryrec import __version__
from cherryrec.errors import CherryRecError, ConfigError, LogError

__all__ = ["cli", "main"]

COMMANDS = {
    "demo": ("demo", "the whole system on a generated log, with a report"),
    "up": ("stack", "start Kafka and all workers here, and leave them running"),
    "down": ("stack", "stop what `up` started"),
    "status": ("status", "show lag, model, slates and parts, and what is wrong"),
    "shadow": ("shadow", "compare our ranking of the site's own slates with the site's"),
    "replay": ("replay", "run a recorded log through the pipeline and judge it"),
    "leave-last-out": ("leave_last_out", "ask for each user's last article, as the paper does"),
    "baselines": ("baselines", "tune the networks that the paper compares with"),
    "case-study": ("case_study", "show one reader's slates over time beside TALLRec's"),
    "off-policy": ("off_policy", "judge policies on a log of articles drawn at random"),
    "paper": ("paper", "say which of the paper's claims hold on logs"),
    "log": ("log", "check what a recorded log is, and what is wrong in it"),
    "backfill": ("backfill", "send a past log to a running system, before it goes live"),
    "worker": ("worker", "run one worker process: stream, learner or gpu"),
    "serve": ("serve", "answer over HTTP: slates, events, explanations"),
    "topics": ("topics", "create, check or repair the topics"),
    "send": ("send", "send messages from a file to a topic"),
    "tail": ("tail", "print the messages of a topic"),
    "explain": ("explain", "say why a recommendation is what it is"),
    "profile": ("inquiries", "say what is known of a reader"),
    "what-if": ("inquiries", "say what a reader would be shown under other conditions"),
    "why-not": ("inquiries", "say why a reader is not shown an article"),
    "erase": ("tombstones", "erase a user everywhere"),
    "retract": ("tombstones", "take an article out of every later slate"),
    "generate": ("generate", "write a MIND-format log whose truth is known"),
    "schema": ("schema", "write the JSON Schemas and the AsyncAPI document"),
    "features": ("features", "write the tables of features into their page"),
    "config": ("config", "show, check or document the settings"),
    "doctor": ("doctor", "check what this machine has and say what to do"),
    "prepare": ("prepare", "compile the numerical loops before the first start"),
    "kafka": ("kafka", "fetch or run a local Apache Kafka"),
    "finetune": ("finetune", "fine-tune CnLE on a recorded log"),
    "model": ("model", "fetch the small language model"),
    "lora": ("lora", "publish or withdraw the LoRA weights that workers serve with"),
    "bench": ("bench", "run the benchmarks"),
}
"""Command → the module that holds it, and its line in --help."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; nothing looks for garbage meanwhile, as all of it stays."""
        if cmd_name not in COMMANDS:
            return None
        gc.disable()
        try:
            module = import_module(f"cherryrec.cli.{COMMANDS[cmd_name][0]}")
        finally:
            gc.enable()
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command), "the module holds the command"
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="cherryrec")
def cli() -> None:
    """Streaming news recommendation: explained slates from Kafka topics, learned click by click."""


def main(command: click.Command = cli) -> None:
    """Run the command line; exit 0 done, 1 the work failed, 2 usage."""
    from cherryrec.cli.arithmetic import choose_products

    choose_products()  # before numpy is imported
    try:
        command.main(prog_name="cherryrec", standalone_mode=False)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("cherryrec: stopped", err=True)
        sys.exit(130)
    except CherryRecError as error:
        click.echo(f"cherryrec: error: {error}", err=True)
        is_usage = isinstance(error, ConfigError) and not isinstance(error, LogError)
        sys.exit(2 if is_usage else 1)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        from streams.kafka_errors import is_from_kafka, sentence

        if not is_from_kafka(error):
            raise
        click.echo(f"cherryrec: error: Kafka must answer, got {sentence(error)}", err=True)
        sys.exit(1)
