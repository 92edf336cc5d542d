"""The local engine hands baselines the features of the request that they are judged on."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from cherryrec.evaluation.mind import MindArticle, MindImpression
from cherryrec.evaluation.replay import Judge, LocalReplay, LogMessages
from cherryrec.features import FEATURES, column
from cherryrec.pipeline import PipelineConfig

ARTICLES = {
    key: MindArticle(key, "news", None, f"Title of {key}", "", "", ()) for key in "abcdefgh"
}


class Recorder:
    """Keeps every matrix it is asked about or taught."""

    name = "recorder"

    def __init__(self) -> None:
        self.asked: list[NDArray[np.float64]] = []
        self.taught: list[NDArray[np.float64]] = []

    def score(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        self.asked.append(features)
        return features[:, 0]

    def learn(self, features: NDArray[np.float64], clicked: NDArray[np.bool_]) -> None:
        assert len(features) == len(clicked)
        self.taught.append(features)


def rows(n: int) -> list[MindImpression]:
    rng = np.random.default_rng(0)
    made = []
    for number in range(n):
        slate = tuple(rng.permutation(list("abcdefgh"))[:5].tolist())
        clicked = tuple((np.arange(5) == rng.integers(5)).tolist())
        user = f"u{number % 3}"
        made.append(MindImpression(str(number), user, 60.0 * number, ("a", "b"), slate, clicked))
    return made


@pytest.mark.parametrize("label_delay_s", [0.0, 600.0])
def test_what_is_learned_is_what_was_scored(label_delay_s: float) -> None:
    recorder = Recorder()
    engine = LocalReplay(PipelineConfig(), label_delay_s=label_delay_s)

    engine.run(rows(40), LogMessages(ARTICLES), Judge((), (recorder,)))

    assert len(recorder.asked) == 40
    assert len(recorder.taught) == (40 if label_delay_s == 0 else 30)  # minute 39 knows minute 29
    for asked, taught in zip(recorder.asked, recorder.taught, strict=False):
        assert asked.shape == (5, len(FEATURES))
        assert np.array_equal(asked, taught)


def test_the_matrix_is_in_the_order_of_the_log() -> None:
    shown_first = MindImpression("1", "u", 0.0, (), ("a", "b", "c"), (False, True, False))
    again = MindImpression("2", "v", 60.0, (), ("d", "a", "c", "b"), (False, True, False, False))
    recorder = Recorder()

    LocalReplay(PipelineConfig()).run(
        [shown_first, again], LogMessages(ARTICLES), Judge((), (recorder,))
    )

    ctr = recorder.asked[1][:, column("ctr_1h")]
    assert ctr.argmax() == 3  # b, the only one that was clicked
    assert ctr[1] == ctr[2] < ctr[0]  # shown in vain, and never shown
