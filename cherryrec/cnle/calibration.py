"""The temperature of CnLE's evaluations, learned online: how far its confidence is to be believed.

Evaluations come from a softmax over letters, and a language model is surer of its letters than
clicks bear out. One number mends that: the chance that the next click falls on candidate i is

    p_i = softmax(s / T)_i

of its log-shares s, with T above 1 where the model was too sure of itself and below 1 where it was
too timid. The order of the candidates stays as it was.

References
----------
Guo et al. (2017), On Calibration of Modern Neural Networks, ICML, section 4.2,
https://arxiv.org/abs/1706.04599 (there the temperature is fitted once, on a validation set).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import ModelError
from cherryrec.listwise import Arrays, has_contrast, listwise_gradient
from cherryrec.text import stable_hash

__all__ = [
    "MAX_TEMPERATURE",
    "MAX_VERSIONS",
    "Calibration",
    "Temperature",
    "Temperatures",
    "log_odds",
]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_TEMPERATURE = 20.0
"""Temperatures stay from 1/20 to 20; a model that knows nothing ends at the upper end."""

MAX_VERSIONS = 8
"""Versions of evaluators whose temperatures are kept; the one learned longest ago leaves."""

PRIOR_INFORMATION = 4.0
"""What is believed before any click: log T is 0, give or take 1/√4."""

MAX_STEP = 0.25
"""The furthest that one impression moves log T."""

HORIZON = 2_000
"""Impressions after which what was learned has faded to a third."""

_SMALLEST = 5e-7  # evaluations are kept to six digits
_NAMES = ("versions", "log_temperature", "information", "n_learned")


def log_odds(evaluations: Floats) -> Floats:
    """Return log(e / (1 - e)) = log(n·p), the log-share but for a constant, (n,) → (n,).

    Examples
    --------
    >>> log_odds(np.array([0.5, 2.0 / 3.0])).round(6).tolist()
    [0.0, 0.693147]
    """
    kept = np.clip(evaluations, _SMALLEST, 1.0 - _SMALLEST)
    return np.asarray(np.log(kept) - np.log1p(-kept))


class Temperature:
    """Learns one temperature, an impression at a time, by Newton steps of bounded length.

    The loss is the impression's: the mean over its clicks of -log softmax(s / T). Its slope by
    log T is (s̄_clicked - Σ p·s) / T, its expected curvature the variance of s / T under p. A step
    is the slope over the curvature summed so far, which starts from `PRIOR_INFORMATION` and fades
    over `HORIZON` impressions: early steps are bold, late ones small, and none is ever so small
    that a change of the readers goes unnoticed. O(n) an impression.

    Examples
    --------
    >>> from cherryrec.cnle.calibration import Temperature
    >>> learned = Temperature()
    >>> learned.value
    1.0

    The model gives one of two candidates nine tenths; readers take it half of the time:

    >>> log_shares = np.log(np.array([0.9, 0.1]))
    >>> for _ in range(200):
    ...     learned.learn(log_shares, np.array([True, False]))
    ...     learned.learn(log_shares, np.array([False, True]))
    >>> learned.value > 3.0
    True
    """

    def __init__(self) -> None:
        self.log_temperature = 0.0
        self.information = PRIOR_INFORMATION
        self.n_learned = 0

    @property
    def value(self) -> float:
        """The temperature as learned so far, from 1/20 to 20."""
        return float(np.exp(self.log_temperature))

    def learn(self, log_shares: Floats, clicked: Bools) -> None:
        """Learn one impression; one without a clicked and an unclicked candidate teaches nothing.

        Parameters
        ----------
        log_shares
            Of the candidates that were evaluated, at T = 1 and but for a constant, (n,).
        clicked
            Which of them were clicked, (n,).
        """
        if not has_contrast(clicked):
            return
        tempered = (log_shares - log_shares.mean()) / self.value  # (n,)
        surplus = listwise_gradient(tempered, clicked)  # (n,): chances - clicks' share
        chances = surplus + clicked / np.count_nonzero(clicked)
        slope = -float(surplus @ tempered)
        curvature = float(chances @ (tempered - chances @ tempered) ** 2)
        faded = self.information * (1.0 - 1.0 / HORIZON)
        self.information = max(faded + curvature, PRIOR_INFORMATION)
        step = min(max(-slope / self.information, -MAX_STEP), MAX_STEP)
        furthest = float(np.log(MAX_TEMPERATURE))
        self.log_temperature = min(max(self.log_temperature + step, -furthest), furthest)
        self.n_learned += 1


@dataclass(frozen=True, slots=True)
class Temperatures:
    """The temperatures of the evaluators' versions: what a worker needs of a `Calibration`.

    Parameters
    ----------
    by_version
        Hash of the version's name → temperature, above 0; at most `MAX_VERSIONS`.
    """

    by_version: Mapping[int, float] = field(default_factory=dict)

    def of(self, version: str) -> float:
        """Return the temperature of a version; 1, which changes nothing, of one not known.

        Examples
        --------
        >>> Temperatures().of("qwen2-7b")
        1.0
        """
        return self.by_version.get(stable_hash(version), 1.0)

    def arrays(self) -> Arrays:
        """Return hashes and temperatures as plain arrays."""
        return {
            "versions": np.array(list(self.by_version), np.uint64),
            "temperatures": np.array(list(self.by_version.values()), np.float64),
        }

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Temperatures:
        """Rebuild them from their arrays.

        Raises
        ------
        ModelError
            An array is missing, or they are no temperatures.
        """
        _check(arrays, ("versions", "temperatures"))
        found = arrays["temperatures"].astype(np.float64)
        most = MAX_TEMPERATURE * (1.0 + 1e-9)
        if not ((found >= 1.0 / most) & (found <= most)).all():
            msg = (
                f"temperatures must be from 1/{MAX_TEMPERATURE:g} to {MAX_TEMPERATURE:g}, "
                f"got {found.tolist()!r}: roll back to an earlier snapshot"
            )
            raise ModelError(msg)
        versions = arrays["versions"].astype(np.uint64).tolist()
        return cls(dict(zip(versions, found.tolist(), strict=True)))


class Calibration:
    """Learns a temperature for every version of the evaluator.

    A version that has not been seen starts at 1: how sure another model, or the same one
    fine-tuned, is of itself says nothing of this one. Versions are kept apart so that two that
    serve side by side, or one that is rolled back to, don't spoil each other's.

    Examples
    --------
    >>> calibration = Calibration()
    >>> for _ in range(50):
    ...     calibration.learn("v1", np.array([3.0, 0.0]), np.array([False, True]))
    >>> temperatures = calibration.temperatures()
    >>> temperatures.of("v1") > 2.0, temperatures.of("v2")
    (True, 1.0)
    """

    def __init__(self) -> None:
        self._learned: dict[int, Temperature] = {}  # the one learned last at the end

    @property
    def latest(self) -> Temperature | None:
        """The temperature of the version learned last; None before any."""
        return next(reversed(self._learned.values()), None)

    def learn(self, version: str, log_shares: Floats, clicked: Bools) -> None:
        """Learn one impression that this version has evaluated; see `Temperature.learn`."""
        if not has_contrast(clicked):
            return
        key = stable_hash(version)
        learned = self._learned.pop(key, None) or Temperature()
        learned.learn(log_shares, clicked)
        self._learned[key] = learned
        while len(self._learned) > MAX_VERSIONS:
            del self._learned[next(iter(self._learned))]

    def temperatures(self) -> Temperatures:
        """Return the temperatures as of now."""
        return Temperatures({key: one.value for key, one in self._learned.items()})

    def snapshot(self) -> Arrays:
        """Return the complete state as plain arrays, a row per version."""
        learned = list(self._learned.values())
        return {
            "versions": np.array(list(self._learned), np.uint64),
            "log_temperature": np.array([one.log_temperature for one in learned], np.float64),
            "information": np.array([one.information for one in learned], np.float64),
            "n_learned": np.array([one.n_learned for one in learned], np.int64),
        }

    def load(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Put back what `snapshot` returned.

        Raises
        ------
        ModelError
            An array is missing, or they don't fit together.
        """
        _check(arrays, _NAMES)
        self._learned = {}
        for version, log_temperature, information, n_learned in zip(
            *(arrays[name].tolist() for name in _NAMES), strict=True
        ):
            one = self._learned[version] = Temperature()
            one.log_temperature, one.information = log_temperature, information
            one.n_learned = n_learned


def _check(arrays: Mapping[str, NDArray[np.generic]], names: tuple[str, ...]) -> None:
    """Refuse arrays that are missing, of different lengths, or not finite."""
    missing = [name for name in names if name not in arrays]
    if missing:
        msg = f"a snapshot of the calibration must hold {names!r}, it lacks {missing!r}"
        raise ModelError(msg)
    shapes = {arrays[name].shape for name in names}
    fits = len(shapes) == 1 and len(next(iter(shapes))) == 1
    if not fits or not all(np.isfinite(arrays[name].astype(np.float64)).all() for name in names):
        msg = (
            "arrays of the calibration must be finite numbers, one per version, got the shapes "
            f"{[arrays[name].shape for name in names]!r}: roll back to an earlier snapshot"
        )
        raise ModelError(msg)
