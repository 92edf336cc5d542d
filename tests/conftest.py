"""What holds for every test."""

from __future__ import annotations

from cherryrec.cli.arithmetic import choose_products

choose_products()  # before numpy: what tests compute must equal what the commands they start do

import os  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import hypothesis  # noqa: E402
import pytest  # noqa: E402

from tests.parallel import Interleaved, SharedKafka, is_runner, slow_first  # noqa: E402

# The first example may compile a loop, which takes seconds where none has been kept yet. `.ci/run`
# draws the same examples for the same code, so that its verdict is one; all else draws new ones.
hypothesis.settings.register_profile(
    "compiled", deadline=None, derandomize=os.environ.get("SAME_EXAMPLES") == "1"
)
hypothesis.settings.register_profile("long", deadline=None, max_examples=10_000)
hypothesis.settings.load_profile("compiled")


def pytest_configure(config: pytest.Config) -> None:
    """Give the process that hands out the tests a broker to offer."""
    if config.pluginmanager.has_plugin("dsession"):
        folder = Path(config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
        config.pluginmanager.register(SharedKafka(folder), "shared-kafka")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Interleaved:
    """Hand out the tests in an order of ours."""
    config.option.loadscopereorder = False
    return Interleaved(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the slow ones where there are several processes."""
    if is_runner(config):
        slow_first(items)
