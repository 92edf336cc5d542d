"""Every compiled loop computes what its text says: the same as plain Python on the same input.

numba's reading of a loop differs from Python's where integers wrap, an index lies outside, or a
float of 32 bits meets one of 64. A small replay calls every loop of the core; each of its first
calls is made in both ways, on copies, and what is returned and what is written must agree.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from cherryrec import placement
from cherryrec.compiled import compiled
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.pipeline import PipelineConfig
from cherryrec.text import HashedText
from cherryrec.title_fit import TitleFitLearner

ROOT = Path(__file__).parents[2]
COMPARED = (1, 20, 80)
"""Which calls of a loop are compared: the first, when hardly anything is counted, and later."""


def loops() -> dict[str, Dispatcher]:
    """Every compiled loop of the core, by its place."""
    found = {}
    for path in sorted((ROOT / "cherryrec").rglob("*.py")):
        names = re.findall(r"^@(?:compiled|inner)\ndef (\w+)", path.read_text(), re.MULTILINE)
        if names:
            place = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            module = importlib.import_module(place)
            found |= {f"{place}.{name}": getattr(module, name) for name in names}
    return found


def run(folder: Path) -> None:
    """Do all that the core does in loops: rank given slates and the catalogue, count, and learn."""
    HashedText().embed("Storm hits coast 首相は京都で会見した", "สวัสดีชาวโลก")
    placement.partition_of(b"reader", 4)
    config = PipelineConfig()
    often = [member.at_least_every(10) for member in config.vans.stages]
    config = replace(config, vans=config.vans.with_settings(*often))
    log = MindLog(folder)
    LocalReplay(config).run(log.impressions(70), LogMessages(log.articles()), Judge())
    titles = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    fit = TitleFitLearner()
    for number in range(max(COMPARED)):
        fit.learn(titles[number % 3], titles, np.arange(3) == number % 2)


class Comparison:
    """Calls loops, and some calls in plain Python too, all the way down: they must agree."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        self._is_plain = False

    def of(self, name: str, loop: Dispatcher) -> Callable[..., Any]:
        n_calls = 0

        def call(*arguments: Any) -> Any:
            nonlocal n_calls
            if self._is_plain:
                self.reached.add(name)
                return loop.py_func(*arguments)
            n_calls += 1
            return self._both(name, loop, arguments) if n_calls in COMPARED else loop(*arguments)

        return call

    def _both(self, name: str, loop: Dispatcher, arguments: tuple[Any, ...]) -> Any:
        copies = [copied(one) for one in arguments]
        self._is_plain = True
        with np.errstate(all="ignore"):  # loops wrap around and divide by 0 as they say
            wanted = loop.py_func(*copies)
        self._is_plain = False
        got = loop(*arguments)
        tolerance = 1e-5 if any(map(is_single, arguments)) else 1e-9
        agree(name, got, wanted, tolerance)
        agree(name, arguments, tuple(copies), tolerance)
        self.reached.add(name)
        return got


def copied(value: Any) -> Any:
    """A copy as Python sees it; fields of records are attributes, as they are in a loop."""
    if isinstance(value, tuple):
        return tuple(copied(one) for one in value)
    if not isinstance(value, np.ndarray):
        return value
    return np.copy(value).view(np.recarray) if value.dtype.names else np.copy(value)


def is_single(value: Any) -> bool:
    """Whether floats of 32 bits are in it: Python keeps to them where a loop goes on in 64."""
    if isinstance(value, tuple):
        return any(map(is_single, value))
    if not isinstance(value, np.ndarray):
        return False
    kinds = [value.dtype[name] for name in value.dtype.names or ()] or [value.dtype]
    return np.dtype(np.float32) in kinds


def agree(name: str, got: Any, wanted: Any, tolerance: float) -> None:
    """Equal, but for the last bits of what a loop sums or takes an exponential of."""
    if isinstance(got, tuple):
        assert len(got) == len(wanted), name
        for one, other in zip(got, wanted, strict=True):
            agree(name, one, other, tolerance)
        return
    one, other = np.asarray(got), np.asarray(wanted)
    if one.dtype.names is not None:
        for field in one.dtype.names:
            agree(f"{name}, {field}", one[field], other[field], tolerance)
    elif one.dtype.kind == "f":
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)
    else:
        np.testing.assert_array_equal(one, other, err_msg=name)


@compiled
def power_of_ten(n: int) -> int:
    total = 1
    for _ in range(n):
        total *= 10
    return total


def test_a_loop_that_wraps_around_where_python_does_not_is_found() -> None:
    assert Comparison().of("power_of_ten", power_of_ten)(18) == 10**18
    with pytest.raises(AssertionError, match="power_of_ten"):
        Comparison().of("power_of_ten", power_of_ten)(30)


@pytest.mark.slow
def test_every_loop_computes_what_its_text_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate_log(tmp_path, n_users=8, n_articles=80, n_impressions=70, days=0.2, seed=3)
    run(tmp_path)  # compiled now: a loop may not call what is put in the place of another
    comparison, known = Comparison(), loops()
    put = {id(loop): comparison.of(name, loop) for name, loop in known.items()}
    for module in [m for name, m in sys.modules.items() if name.split(".")[0] == "cherryrec"]:
        for name, value in list(vars(module).items()):
            if id(value) in put:
                monkeypatch.setattr(module, name, put[id(value)])

    run(tmp_path)

    assert len(known) > 40
    assert sorted(known.keys() - comparison.reached) == [], "let `run` reach a new loop"
