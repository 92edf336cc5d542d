"""Recorded evaluations: what is written is there, and answers its own question only."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from cherryrec.errors import ConfigError
from cherryrec.evaluation.recorded import (
    EvaluationRecorder,
    RecordedEvaluations,
    RecordedEvaluator,
    RecordingHeader,
    question_digest,
)
from cherryrec.events import CandidateText, Evaluation, EvaluationRequest, PromptProfile

HEADER = RecordingHeader(model="m/1", log="demo", log_digest="ab", seed=0)
NAMES = ("evaluations.jsonl", "evaluations.jsonl.gz")


class Asked:
    """A model that gives every candidate its number of letters, and counts its questions."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def __call__(self, request: EvaluationRequest) -> Evaluation:
        self.questions.append(request.request_id)
        return Evaluation(
            request_id=request.request_id,
            user_id=request.user_id,
            evaluations={one.article_id: len(one.title) / 1_000 for one in request.candidates},
            model="m/1",
            compute_ms=12.5,
        )


def question(number: int, *, history: tuple[str, ...] = ("Storm",)) -> EvaluationRequest:
    return EvaluationRequest(
        request_id=f"r{number}",
        user_id="u",
        candidates=tuple(
            CandidateText(article_id=article_id, title=f"Title {number} of {article_id}")
            for article_id in "abc"
        ),
        profile=PromptProfile(history=history),
        expires_at=float(number),
    )


def recorded(path: Path, *numbers: int) -> list[Evaluation]:
    ask = Asked()
    with EvaluationRecorder(path, HEADER) as recorder:
        return [recorder.evaluate(question(number), ask) for number in numbers]


@pytest.fixture(params=NAMES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    name: str = request.param
    return tmp_path / name


def text_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_what_was_recorded_is_answered_to_the_digit(path: Path) -> None:
    written = recorded(path, 1, 2)

    player = RecordedEvaluator(RecordedEvaluations.read(path))

    assert [player.evaluate(question(number)) for number in (1, 2)] == written
    assert player.recorded.header == HEADER
    assert len(text_of(path).splitlines()) == 3


def test_the_same_recording_is_the_same_bytes(path: Path) -> None:
    recorded(path, 1, 2, 3)
    first = path.read_bytes()
    path.unlink()

    recorded(path, 1, 2, 3)

    assert path.read_bytes() == first


def test_a_recording_goes_on_without_asking_again(path: Path) -> None:
    before = recorded(path, 1, 2)
    ask = Asked()

    with EvaluationRecorder(path, HEADER) as recorder:
        again = [recorder.evaluate(question(number), ask) for number in (1, 2, 3)]

    assert again[:2] == before
    assert ask.questions == ["r3"]
    assert len(RecordedEvaluations.read(path)) == 3
    assert recorder.notes == [f"{path}: goes on after 2 recorded evaluations"]


def test_every_evaluation_is_there_before_the_next_question(path: Path) -> None:
    with EvaluationRecorder(path, HEADER) as recorder:
        for number in range(1, 4):
            recorder.evaluate(question(number), Asked())

            assert len(RecordedEvaluations.read(path)) == number


@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.8, 0.95, 0.999])
def test_a_file_that_was_cut_off_is_repaired_and_gone_on_with(path: Path, kept: float) -> None:
    whole = recorded(path, *range(1, 30))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(kept * len(raw))])
    ask = Asked()

    with EvaluationRecorder(path, HEADER) as recorder:
        n_kept = len(recorder.recorded)
        again = [recorder.evaluate(question(number), ask) for number in range(1, 30)]

    assert again == whole
    assert len(ask.questions) == 29 - n_kept
    assert len(text_of(path).splitlines()) == 30  # a valid file again
    if kept > 0.5:
        assert 0 < n_kept <= 29
        assert f"goes on after {n_kept} recorded evaluations" in recorder.notes[-1]


def test_a_file_that_was_cut_off_can_be_read_as_it_is(path: Path) -> None:
    recorded(path, *range(1, 30))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(0.7 * len(raw))])
    found = RecordedEvaluations.read(path)

    assert 0 < len(found) < 29
    assert path.read_bytes() == raw[: int(0.7 * len(raw))]


def test_a_line_that_was_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    recorded(path, 1, 2)
    path.write_bytes(path.read_bytes()[:-5])

    with EvaluationRecorder(path, HEADER) as recorder:
        pass

    assert recorder.notes == [
        f"{path}: its last line was cut off and is removed",
        f"{path}: goes on after 1 recorded evaluations",
    ]


def test_a_file_of_another_model_is_not_gone_on_with(path: Path) -> None:
    recorded(path, 1)
    before = path.read_bytes()
    other = msgspec.structs.replace(HEADER, model="m/2")

    with (
        pytest.raises(ConfigError, match="model must be 'm/1', got 'm/2'; record to another file"),
        EvaluationRecorder(path, other),
    ):
        pass

    assert path.read_bytes() == before


@pytest.mark.parametrize("text", [b"no line", b"a line\n", b'{"recorded":"ranks"}\nno line'])
def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(text)

    with (
        pytest.raises(ConfigError, match="recorded evaluations"),
        EvaluationRecorder(path, HEADER),
    ):
        pass

    assert path.read_bytes() == text


def test_a_second_writer_is_refused(path: Path) -> None:
    with (
        EvaluationRecorder(path, HEADER),
        pytest.raises(ConfigError, match="another replay is writing"),
        EvaluationRecorder(path, HEADER),
    ):
        pass


def test_another_question_of_the_same_request_has_no_answer(path: Path) -> None:
    recorded(path, 1)
    player = RecordedEvaluator(RecordedEvaluations.read(path))
    other = question(1, history=("Storm", "Flood"))

    with pytest.raises(ConfigError) as raised:
        player.evaluate(other)

    told = str(raised.value)
    assert "request 'r1'" in told
    assert f"for the question {question_digest(other)} (user 'u', 3 candidates, 2 " in told
    assert f"got question {question_digest(question(1))} of it" in told
    assert "--missing degrade" in told


def test_what_is_missing_may_be_ranked_without_cnle(path: Path) -> None:
    recorded(path, 1)
    player = RecordedEvaluator(RecordedEvaluations.read(path), missing="degrade")

    answer = player.evaluate(question(2))

    assert answer.evaluations == {}
    assert answer.error == "no evaluation was recorded for this question"
    assert (player.n_found, player.n_missing) == (0, 1)


def test_an_unreadable_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    recorded(path, 1, 2)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"question":"x"}\n' + lines[2])

    with pytest.raises(ConfigError, match=r"line 2: wanted an evaluation, got b'\{\"question"):
        RecordedEvaluations.read(path)


def test_damage_inside_a_gzipped_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "damaged.jsonl.gz"
    recorded(path, *range(1, 9))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    path.write_bytes(bytes(raw))

    with pytest.raises(ConfigError, match=r"damaged\.jsonl\.gz"):
        RecordedEvaluations.read(path)
