"""docs/upstream: what is offered to River applies to the pinned version and does what it says."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Hashable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from river import linear_model, optim

from cherryrec.listwise import AdaGrad

FOLDER = Path(__file__).parents[2] / "docs" / "upstream"
ADAGRAD = FOLDER / "river-0.26.1-adagrad-vectors.patch"


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> type[Any]:
    """River's AdaGrad with the patch."""
    root = tmp_path_factory.mktemp("river")
    copy = root / "river" / "optim" / "ada_grad.py"
    copy.parent.mkdir(parents=True)
    shutil.copy(Path(optim.__file__).parent / "ada_grad.py", copy)
    subprocess.run(["git", "apply", str(ADAGRAD)], cwd=root, check=True)
    spec = importlib.util.spec_from_file_location("mended_ada_grad", copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.AdaGrad  # type: ignore[no-any-return]


@pytest.mark.parametrize("patch", sorted(FOLDER.glob("*.patch")), ids=lambda path: path.stem)
def test_a_patch_is_of_the_pinned_version(patch: Path) -> None:
    named = re.match(r"(\w+)-([\d.]+)-", patch.name)

    assert named is not None
    assert version(named[1]) == named[2]


def test_rivers_adagrad_steps_no_numpy_vector() -> None:
    with pytest.raises(AttributeError, match="items"):
        optim.AdaGrad().step(np.zeros(2), np.ones(2))


def test_the_mended_adagrad_steps_vectors_as_it_steps_dicts_and_as_ours_does(
    mended: type[Any],
) -> None:
    rng = np.random.default_rng(0)
    rivers, by_name, ours = mended(0.1), optim.AdaGrad(0.1), AdaGrad(0.1)
    stepped, own = np.zeros(5), np.zeros(5)
    named: dict[Hashable, float] = dict.fromkeys(range(5), 0.0)
    for _ in range(50):
        gradient = rng.normal(size=5)
        before = stepped
        stepped = rivers.step(stepped, gradient)
        by_name.step(named, dict(enumerate(gradient.tolist())))
        ours.step(own, gradient)
        assert stepped is before, "in place"

    assert rivers.n_iterations == 50
    np.testing.assert_allclose(stepped, list(named.values()), rtol=0, atol=1e-12)
    np.testing.assert_allclose(stepped, own, rtol=0, atol=1e-12)


def test_rivers_models_learn_with_the_mended_adagrad_as_before(mended: type[Any]) -> None:
    rng = np.random.default_rng(1)
    before, after = (linear_model.LinearRegression(one(0.1)) for one in (optim.AdaGrad, mended))
    for _ in range(50):
        x = {"a": float(rng.normal()), "b": float(rng.normal())}
        for model in (before, after):
            model.learn_one(x, 2.0 * x["a"] - x["b"])

    assert after.weights == before.weights
    assert after.weights["a"] > 0.5
