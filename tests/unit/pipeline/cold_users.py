"""A world in which what CnLE adds is known: much for cold users, little for warm ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.pipeline import EvaluatorConfig
from cherryrec.pipeline.budget import Budget
from cherryrec.pipeline.gain import expected_gain, score_deviation

Floats = NDArray[np.float64]
N_CANDIDATES = 10


class World:
    """Requests of users with more or less history, arriving at random.

    How much a user likes each of ten candidates is standard normal. VaNS has seen it with an error
    whose variance halves every five reads, from 4 to 0.25; CnLE sees it with an error of
    variance 1 for everyone. Both scores are the best guesses from what was seen, and `lifts` is how
    much more the user likes the first of the second ranking than the first of the first one.

    Parameters
    ----------
    seed
        Of all draws.
    n_requests
        How many come.
    rate
        Requests a second, on average.
    """

    def __init__(self, *, seed: int, n_requests: int, rate: float) -> None:
        rng = np.random.default_rng(seed)
        shape = (n_requests, N_CANDIDATES)
        self.times = np.cumsum(rng.exponential(1.0 / rate, n_requests)).tolist()
        self.n_reads = rng.geometric(0.08, n_requests) - 1
        noise = 0.25 + 3.75 * 2.0 ** (-self.n_reads[:, None] / 5.0)  # (R, 1)
        liked = rng.normal(size=shape)  # (R, n)
        seen = liked + np.sqrt(noise) * rng.normal(size=shape)
        judged = liked + rng.normal(size=shape)
        self.scores = seen / (1.0 + noise)
        asked = (seen / noise + judged) / (1.0 + 1.0 / noise + 1.0)
        self.lifts = _of_best(liked, asked) - _of_best(liked, self.scores)  # (R,)

    def gains(self, config: EvaluatorConfig) -> list[float]:
        """The expected gain of each request, by scores and history alone."""
        return [
            expected_gain(
                scores,
                score_deviation(
                    n_reads,
                    cold=config.gain_cold,
                    warm=config.gain_warm,
                    half_history=config.gain_half_history,
                ),
            )
            for scores, n_reads in zip(self.scores.tolist(), self.n_reads.tolist(), strict=True)
        ]

    def spend(self, budget: Budget, gains: list[float]) -> NDArray[np.bool_]:
        """Which requests are asked about, (R,)."""
        decided = [budget.decide(gain, now) for now, gain in zip(self.times, gains, strict=True)]
        return np.array(decided)


def _of_best(liked: Floats, scores: Floats) -> Floats:
    """How much each user likes what is ranked first, (R, n) → (R,)."""
    return np.asarray(liked[np.arange(len(liked)), scores.argmax(axis=1)])
