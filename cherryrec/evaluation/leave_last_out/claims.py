"""What the paper claims, and whether it holds on a log.

A claim of at least some amount holds where the whole 95 % interval is at or above it, does not hold
where the interval is below it, and cannot be told where the interval holds it, or where users are
too few for one. A claim of more than nothing does not hold of two that are equal.

References
----------
CherryRec: enhancing news recommendation quality via LLM-driven framework (2024),
https://arxiv.org/abs/2406.12243: tables 2 to 4, sections 4.2 to 4.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cherryrec.evaluation.intervals import LEAST, Interval
from cherryrec.evaluation.leave_last_out.ablation import CLAIMED, KNRS_SCORE
from cherryrec.evaluation.leave_last_out.metrics import METRICS
from cherryrec.evaluation.leave_last_out.results import Ranked, ablation_rows

__all__ = ["GAINS_OVER_SASREC", "Finding", "findings", "helps", "relative_gain", "verdict"]

Floats = NDArray[np.float64]
Verdict = Literal["holds", "does not hold", "cannot be told on this data", "not run"]

GAINS_OVER_SASREC: Mapping[str, float] = {"MIND": 0.0931, "Adressa": 0.1581}
"""The mean gain over SASRec that the paper gives, by the format of the log."""

_AT_THE_REQUEST = ("newest at the request", "most clicked, 1 h")
_NOT_IN_THE_PAPER: Mapping[str, str] = {
    "Markov": ", which the paper does not compare with",
    **dict.fromkeys(
        _AT_THE_REQUEST,
        ", which knows the time of the request as CherryRec does and which the paper does not "
        "compare with",
    ),
}
_LANGUAGE_MODELS: Mapping[str, float] = {"GPT4Rec": 0.0, "TALLRec": 0.0, "P5": 0.1431}
_ELSEWHERE = "MIND"  # what the paper claims of MIND is asked of other logs too
_N_RESAMPLES = 1_000
_COMPARED = slice(0, 3)  # MRR@5, nDCG@5, Recall@5


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim and what came of it.

    Parameters
    ----------
    claim
        As the paper has it, in a sentence.
    found
        Our number with its interval; what is missing where there is none.
    verdict
        Whether it holds.
    """

    claim: str
    found: str
    verdict: Verdict


def verdict(interval: Interval, least: float) -> Verdict:
    """Say whether something is at least so much; where that is 0, whether it is more.

    Examples
    --------
    >>> verdict(Interval(0.0, 0.0, 0.0), 0.0)
    'does not hold'
    >>> verdict(Interval(0.2, 0.1, 0.3), 0.1), verdict(Interval(0.2, 0.1, 0.3), 0.15)
    ('holds', 'cannot be told on this data')
    >>> verdict(Interval(0.2, 0.1, 0.3), 0.4)
    'does not hold'
    """
    if not least:
        return helps(interval)
    if interval.low >= least:
        return "holds"
    return "does not hold" if interval.high < least else "cannot be told on this data"


def relative_gain(
    ours: Floats, theirs: Floats, *, seed: int = 0, among: NDArray[np.bool_] | None = None
) -> Interval:
    """Return the mean over the metrics of ours / theirs - 1, each a mean over users.

    Users are resampled, the same for both; of a sample in which theirs is 0 there is no bound to
    the gain. Of fewer than `LEAST` users there is no interval.

    Parameters
    ----------
    ours, theirs
        A row for each user, a column for each metric, (U, m).
    seed
        Of the resampling.
    among
        Which users count, (U,); all if absent.

    Examples
    --------
    >>> ours, theirs = np.full((20, 2), 0.5), np.tile([0.25, 0.5], (20, 1))
    >>> relative_gain(ours, theirs)
    Interval(mean=0.5, low=0.5, high=0.5)
    """
    if among is not None:
        ours, theirs = ours[among], theirs[among]
    if not len(ours) or not theirs.mean(axis=0).all():
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float((ours.mean(axis=0) / theirs.mean(axis=0) - 1.0).mean())
    if len(ours) < LEAST:
        return Interval(mean, float("nan"), float("nan"))
    both = np.hstack([ours, theirs])  # (U, 2m)
    m = ours.shape[1]
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(both), np.full(len(both), 1.0 / len(both)), size=_N_RESAMPLES)
    means = drawn @ both / len(both)  # (n_resamples, 2m)
    is_bounded = (means[:, m:] > 0.0).all(axis=1)
    bounded = means[is_bounded]
    gains = np.full(len(means), np.inf)
    gains[is_bounded] = (bounded[:, :m] / bounded[:, m:] - 1.0).mean(axis=1)
    # nothing lies half way to infinity
    method: Literal["linear", "inverted_cdf"] = "linear" if is_bounded.all() else "inverted_cdf"
    low, high = np.percentile(gains, [2.5, 97.5], method=method)
    return Interval(mean, float(low), float(high))


def findings(
    ranked: Sequence[Ranked], *, ours: str, of_knrs: str, title: str, seed: int = 0
) -> Iterator[Finding]:
    """Yield the paper's claims, in its order, with what these rankings say of each.

    Parameters
    ----------
    ranked
        Of one log, the same users in each.
    ours, of_knrs
        Names of the system's ranking, and of its order by KnRS alone.
    title
        The format of the log.
    seed
        Of the resampling.
    """
    by_name = {one.name: one for one in ranked}
    system, knrs = by_name.get(ours), by_name.get(of_knrs)
    claimed = GAINS_OVER_SASREC.get(title, GAINS_OVER_SASREC[_ELSEWHERE])
    of = "this data" if title in GAINS_OVER_SASREC else f"{_ELSEWHERE}, asked of this log too"
    for other in ("SASRec", "NARM", "BERT4Rec", *_NOT_IN_THE_PAPER):
        least = claimed if other == "SASRec" else 0.0
        claim = (
            f"better than SASRec by {100 * claimed:.2f} % ({of})"
            if other == "SASRec"
            else f"better than {other}{_NOT_IN_THE_PAPER.get(other, '')}"
        )
        yield _gain(claim, system, by_name.get(other), other, least=least, seed=seed)
    for other, least in _LANGUAGE_MODELS.items():
        claim = f"better than {other}" + (f" by {100 * least:.2f} % (MIND)" if least else "")
        if other == "GPT4Rec":
            yield _gain(claim, system, by_name.get(other), other, least=least, seed=seed)
            continue
        for of, words in ((of_knrs, "KnRS"), ("Markov", "the Markov chain")):
            of_whom = f"{claim}, which ranks the twenty of {words}"
            row = by_name.get(f"{other}, twenty of {of}")
            yield _gain(of_whom, system, row, other, least=least, seed=seed)
    yield _within_subset(system, by_name.get("SASRec"), seed)
    for other in ("newest", "recent popular", "SASRec", *_AT_THE_REQUEST):
        yield _recall(knrs, by_name.get(other), other, seed)
    yield from _parts_help(system, seed)
    yield Finding(
        "one pass is faster than generation",
        "this command times nothing: `python -m benchmarks.one_pass` does, with CnLE's model",
        "not run",
    )


def _gain(
    claim: str,
    system: Ranked | None,
    other: Ranked | None,
    name: str,
    *,
    least: float,
    seed: int,
) -> Finding:
    """Compare two rankings by the mean of the three metrics."""
    if system is None or other is None:
        return Finding(claim, f"{'CherryRec' if system is None else name} was not run", "not run")
    gain = relative_gain(system.values[:, _COMPARED], other.values[:, _COMPARED], seed=seed)
    return Finding(claim, _percent(gain, other), verdict(gain, least))


def _within_subset(system: Ranked | None, other: Ranked | None, seed: int) -> Finding:
    """Compare the gains over SASRec within each one's effective retrieval subset and over all."""
    claim = "the gain over SASRec is larger within the effective retrieval subset"
    if system is None or other is None:
        return Finding(claim, "CherryRec or SASRec was not run", "not run")
    among = system.retrieved_share > 0
    ours, theirs = system.values[:, _COMPARED], other.values[:, _COMPARED]
    whole = relative_gain(ours, theirs, seed=seed)
    within = relative_gain(ours, theirs, seed=seed, among=among)
    found: Verdict = "cannot be told on this data"
    if within.low > whole.high:
        found = "holds"
    elif within.high < whole.low:
        found = "does not hold"
    text = (
        f"{_percent(within, other)} among the {int(among.sum()):,} users that CherryRec retrieves, "
        f"{_percent(whole, other)} among all"
    )
    return Finding(claim, text, found)


def _recall(knrs: Ranked | None, other: Ranked | None, name: str, seed: int) -> Finding:
    """Compare what is among the first twenty."""
    claim = f"KnRS's first twenty hold the next article more often than those of {name}"
    if knrs is None or other is None:
        return Finding(claim, f"{'CherryRec' if knrs is None else name} was not run", "not run")
    column = [METRICS.index("recall@20")]
    gain = relative_gain(knrs.values[:, column], other.values[:, column], seed=seed)
    means = (100 * one.values[:, column].mean() for one in (knrs, other))
    ours, theirs = means
    text = f"{ours:.2f} % against {theirs:.2f} %, {_percent(gain, other)}"
    return Finding(claim, text, verdict(gain, 0.0))


def helps(gain: Interval) -> Verdict:
    """Say whether a gain is one, as of a part that was left out: more than 0.

    Examples
    --------
    >>> helps(Interval(0.2, 0.1, 0.3)), helps(Interval(0.0, 0.0, 0.0))
    ('holds', 'does not hold')
    >>> helps(Interval(0.1, -0.1, 0.3))
    'cannot be told on this data'
    """
    if gain.low > 0.0:
        return "holds"
    return "does not hold" if gain.high <= 0.0 else "cannot be told on this data"


def _parts_help(system: Ranked | None, seed: int) -> Iterator[Finding]:
    """Say of each metric of KnRS, of its score and of CnLE whether leaving it out costs nDCG@5."""
    rows = {} if system is None else {r.part: r.gains for r in ablation_rows(system, seed=seed)}
    verdicts = []
    for part in CLAIMED:
        name = part.removeprefix("knrs:")
        what = "KnRS's score helps" if part == KNRS_SCORE else f"KnRS's {name} helps"
        if part not in rows:
            yield Finding(what, f"`--ablate {part}` was not run", "not run")
            continue
        gain = rows[part]["ndcg@5"]
        found = helps(gain)
        yield Finding(what, f"nDCG@5 {_hundredths(gain)} with it", found)
        if part != KNRS_SCORE:
            verdicts.append(found)
    every = "every metric of KnRS helps"
    if len(verdicts) < len(CLAIMED) - 1:
        yield Finding(every, "not every one was left out in turn: `--ablate all`", "not run")
    else:
        n_helping = verdicts.count("holds")
        text = f"{n_helping} of {len(verdicts)} do, {verdicts.count('does not hold')} do not"
        every_one: Verdict = "cannot be told on this data"
        if n_helping == len(verdicts):
            every_one = "holds"
        elif "does not hold" in verdicts:
            every_one = "does not hold"
        yield Finding(every, text, every_one)
    yield Finding("CnLE's score helps", "CnLE is not asked under this protocol", "not run")


def _hundredths(gain: Interval) -> str:
    """Return a difference of a metric with its interval."""
    mean, low, high = (100 * end for end in gain)
    return f"{mean:+.2f} {_ends(low, high, 2)}"


def _percent(gain: Interval, other: Ranked) -> str:
    """Return a gain with its interval, and a word where the other was cut short."""
    if np.isnan(gain.mean):
        return f"{other.name} finds nothing"
    mean, low, high = (100 * end for end in gain)
    is_cut = any("ended by time" in note for note in other.notes)
    cut = f"; {other.name} was cut by the clock and may be better" if is_cut else ""
    return f"{mean:+.1f} % {_ends(low, high, 1)}{cut}"


def _ends(low: float, high: float, digits: int) -> str:
    """Return the ends of an interval, or that there is none."""
    return "[n too small]" if np.isnan(low) else f"[{low:+.{digits}f}, {high:+.{digits}f}]"
