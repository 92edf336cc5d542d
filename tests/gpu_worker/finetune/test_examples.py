"""Instruction data: what the pipeline would have asked, no later than the split."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cherryrec.cnle import LETTERS, PromptConfig, render
from cherryrec.errors import ConfigError, LogError
from cherryrec.evaluation.generate import generate_log
from cherryrec.evaluation.mind import MindLog
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.events import Evaluation, EvaluationRequest
from cherryrec.pipeline import PipelineConfig
from gpu_worker.finetune import Question, Recipe, Split, ask_log, build_pairs

Parts = tuple[list[Question], list[Question]]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> MindLog:
    folder = tmp_path_factory.mktemp("log")
    generate_log(folder, n_users=30, n_impressions=120, n_articles=64, seed=0)
    return MindLog(folder)


@pytest.fixture(scope="module")
def parts(log: MindLog) -> Parts:
    return ask_log(log, Split(train=0.5, choose=0.25), PipelineConfig())


def rows_of(log: MindLog) -> list[str]:
    with gzip.open(log.folder / "behaviors.tsv.gz", "rt") as file:
        return file.readlines()


def write_log(folder: Path, log: MindLog, rows: list[str]) -> None:
    (folder / "behaviors.tsv").write_text("".join(rows))
    (folder / "news.tsv.gz").write_bytes((log.folder / "news.tsv.gz").read_bytes())


def test_no_question_is_later_than_its_part(log: MindLog, parts: Parts) -> None:
    rows = list(log.impressions())
    train, choose = parts

    ids = [row.impression_id for row in rows]
    assert [one.request.request_id for one in train] == ids[:60]
    assert [one.request.request_id for one in choose] == ids[60:90]
    assert max(one.shown_at for one in choose) <= rows[90].shown_at


def test_the_rest_of_the_log_changes_no_question(
    log: MindLog, parts: Parts, tmp_path: Path
) -> None:
    behaviors = rows_of(log)
    by_id = {row.impression_id: number for number, row in enumerate(log.impressions())}
    changed = [
        line if by_id[line.split("\t")[0]] < 90 else re.sub(r"-1\b", "-0", line)
        for line in behaviors
    ]
    write_log(tmp_path, log, changed)

    assert changed != behaviors
    assert ask_log(MindLog(tmp_path), Split(train=0.5, choose=0.25), PipelineConfig()) == parts


def test_questions_are_those_that_the_pipeline_asks_when_it_serves(
    log: MindLog, parts: Parts
) -> None:
    asked: list[EvaluationRequest] = []

    def evaluate(request: EvaluationRequest) -> Evaluation:
        asked.append(request)
        return Evaluation(
            request_id=request.request_id,
            user_id=request.user_id,
            evaluations={one.article_id: 0.5 for one in request.candidates},
        )

    replay = LocalReplay(PipelineConfig(), evaluate=evaluate)
    replay.run(list(log.impressions())[:90], LogMessages(log.articles()), Judge())

    assert [one.request for part in parts for one in part] == asked


def test_the_answer_was_clicked_and_nothing_else_in_the_prompt_was(parts: Parts) -> None:
    questions = [one for part in parts for one in part]
    by_time = {one.shown_at: one for one in questions}
    examples = build_pairs(questions, Recipe(n_candidates=6), seed=3)

    assert len(examples) > len(questions) / 2
    for example in examples:
        question = by_time[example.shown_at]
        titles = {one.article_id: one.title for one in question.request.candidates}
        lines = example.prompt.suffix.splitlines()[1 : 1 + example.prompt.n_letters]
        shown = {line[0]: line for line in lines}
        letter = LETTERS[example.letter]
        (answer,) = (a for a in question.clicked if example.rest.endswith(f"({a})"))
        assert titles[answer] in shown[letter]
        assert example.rest == f': "{titles[answer]}" ({answer})'
        others = {titles[a] for a in question.clicked - {answer} if a in titles} - {titles[answer]}
        assert not any(f'"{title}"' in line for title in others for line in lines)
        assert 2 <= example.prompt.n_letters <= 6


def test_an_example_is_the_prompt_that_is_served(parts: Parts) -> None:
    recipe = Recipe(n_candidates=20, max_history=5)
    question = next(
        one
        for one in parts[0]
        if len(one.clicked & {c.article_id for c in one.request.candidates}) == 1
        and len(one.request.candidates) <= 20
    )
    (example,) = build_pairs([question], recipe, seed=0)

    (served,) = render(question.request, config=PromptConfig(max_history=5))

    assert example.prompt.text == served.text


def test_examples_follow_from_the_seed(parts: Parts) -> None:
    first, again, other = (build_pairs(parts[0], Recipe(), seed=seed) for seed in (0, 0, 1))

    assert first == again
    assert [one.prompt.text for one in first] != [one.prompt.text for one in other]


@pytest.mark.parametrize(
    ("fields", "rest"),
    [(("letter",), ""), (("letter", "title"), ': "{title}"'), (("letter", "id"), " ({id})")],
)
def test_an_answer_spells_out_what_the_recipe_says(
    parts: Parts, fields: tuple[str, ...], rest: str
) -> None:
    (whole,) = build_pairs(parts[0][:1], Recipe(), seed=0)
    (example,) = build_pairs(parts[0][:1], Recipe(answer_fields=fields), seed=0)

    title, _, article_id = whole.rest.removeprefix(': "').removesuffix(")").rpartition('" (')
    assert example.rest == rest.format(title=title, id=article_id)


def test_slates_that_teach_nothing_are_left_out(
    ask: Callable[..., EvaluationRequest],
) -> None:
    request = ask(n=4)
    ids = frozenset(one.article_id for one in request.candidates)

    nothing = [
        Question(request=request, shown_at=0.0, clicked=frozenset()),
        Question(request=request, shown_at=0.0, clicked=frozenset({"elsewhere"})),
        Question(request=request, shown_at=0.0, clicked=ids),
    ]

    assert build_pairs(nothing, Recipe(), seed=0) == []


def test_a_log_without_labels_is_refused(log: MindLog, tmp_path: Path) -> None:
    write_log(tmp_path, log, [re.sub(r"-[01]\b", "", row) for row in rows_of(log)])

    with pytest.raises(LogError, match="must say what was clicked"):
        ask_log(MindLog(tmp_path), Split(), PipelineConfig())


@pytest.mark.parametrize(("train", "choose"), [(0.0, 0.5), (0.5, 0.0), (0.8, 0.3)])
def test_a_split_without_both_parts_is_refused(train: float, choose: float) -> None:
    with pytest.raises(ConfigError, match="above 0 and together at most 1"):
        Split(train=train, choose=choose)


def test_a_recipe_decides_the_wording(parts: Parts) -> None:
    recipe = replace(Recipe(), templates=("behaviour/1",))

    examples = build_pairs(parts[0], recipe, seed=0)

    assert {one.prompt.template_id for one in examples} == {"behaviour/1"}
