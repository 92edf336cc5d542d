"""A recipe is all settings of a training, and says what it cannot mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from cherryrec.errors import ConfigError
from gpu_worker.finetune import RECIPES, Recipe, load_recipe


def test_every_shipped_recipe_loads() -> None:
    assert RECIPES == ("qwen2-7b", "small-cpu")
    assert all(isinstance(load_recipe(name), Recipe) for name in RECIPES)


def test_the_recipe_of_the_7b_is_the_papers() -> None:
    recipe = load_recipe("qwen2-7b")

    assert (recipe.rank, recipe.alpha, recipe.dropout) == (8, 32, 0.05)
    assert recipe.target_modules == ("q_proj", "v_proj")
    assert (recipe.quantisation, recipe.learning_rate, recipe.epochs) == ("nf4", 1e-4, 1)
    assert (recipe.validate_every, recipe.patience) == (100, 20)
    assert (recipe.max_history, recipe.n_candidates, recipe.title_tokens) == (20, 20, 32)
    assert recipe.answer_fields == ("letter", "title", "id")


def test_a_file_of_ones_own_is_read_and_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("rank = 4\nanswer_fields = ['letter']\n")

    recipe = load_recipe(str(file), max_steps=7, quantisation=None)

    assert (recipe.rank, recipe.max_steps, recipe.answer_fields) == (4, 7, ("letter",))
    assert recipe.quantisation == "auto"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rank = 0", "rank must be at least 1, got 0"),
        ("learning_rate = 0.0", "learning_rate must be above 0, got 0.0"),
        ("n_candidates = 30", "n_candidates must be at most 20, got 30"),
        ("batch_size = 6", "micro_batch_size must divide batch_size 6, got 4"),
        ("answer_fields = ['title']", "answer_fields must be 'letter', then"),
        ("quantisation = 'int8'", "quantisation must be one of auto, none, nf4, got 'int8'"),
        ("target_modules = []", "target_modules must name at least one layer, got none"),
        ("ranks = 8", "mine.toml names settings that no recipe has: ranks"),
        ("rank = 'eight'", "recipe mine.toml: Expected `int`, got `str`"),
        ("rank = ", "cannot be read"),
    ],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)

    with pytest.raises(ConfigError) as error:
        load_recipe(str(file))

    assert message in str(error.value)


def test_a_recipe_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match="one of qwen2-7b, small-cpu or a TOML file, got 'big'"):
        load_recipe("big")
