"""The worked example of docs/architecture.md: a member that is its file and a line in MEMBERS."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from cherryrec.pipeline import PipelineConfig
from cherryrec.pipeline.ablations import ablations
from cherryrec.vans import MEMBERS, Member, Scorer, Vans, VansConfig, config
from tests.unit.vans.slates import FEATURES, slates

PAGE = Path(__file__).parents[4] / "docs" / "architecture.md"
OTHERS = [place for place, one in enumerate(FEATURES) if one.name != "minutes"]


@pytest.fixture
def single(monkeypatch: pytest.MonkeyPatch) -> type[Member]:
    """The example's member, in the list of members."""
    text = re.search(r"## Adding a member.*?```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert text is not None, "the page has an example"
    module = ModuleType("worked_example")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(text[1], str(PAGE), "exec"), module.__dict__)
    kind: type[Member] = module.Single
    monkeypatch.setattr(config, "MEMBERS", (*MEMBERS, kind))
    monkeypatch.setattr(config, "KINDS", {**config.KINDS, kind.name: kind})
    return kind


def test_it_learns_and_serves_beside_the_others(single: type[Member]) -> None:
    own = single(feature="minutes")  # type: ignore[call-arg]
    settings = VansConfig(members=("linear", "single"), settings=(own,))
    model = Vans(FEATURES, settings)
    for X, clicked in slates(100):
        model.learn(X, clicked)

    served = Scorer.of_arrays(FEATURES, settings, model.serving())
    restored = Vans.restore(FEATURES, settings, model.snapshot())

    contributions = model.members["single"].frozen().contributions(np.eye(len(FEATURES)))
    assert contributions[:, 1].any()  # minutes
    assert not contributions[:, OTHERS].any()
    assert model.weights["single"] > 0.0
    wanted = model.scores(X).tobytes()
    assert served.scores(X).tobytes() == restored.scores(X).tobytes() == wanted


def test_it_can_be_ablated(single: type[Member]) -> None:
    vans = VansConfig(members=("linear", single.name))

    without = ablations(PipelineConfig(vans=vans))["vans:single"]

    assert without.vans.members == ("linear",)
