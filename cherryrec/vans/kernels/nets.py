"""A learning step of S networks at once, between two products of matrices.

n articles, I inputs, H units of each network: the units of all are columns side by side, (I, S·H),
and behind them come the S linear parts, so that one product has all networks in it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cherryrec.compiled import compiled, inner

__all__ = ["dropped", "net_slopes", "net_step"]

F32 = NDArray[np.float32]


@compiled
def dropped(hidden: F32, skip: F32, kept: F32) -> F32:
    """Multiply weights, (I, S·H), and linear parts, (S, ≤ I), by what is kept → (I, S·H + S).

    `kept`, (S, I), is what each network multiplies its inputs by.
    """
    n_nets, n_inputs = kept.shape
    n_units, n_skip = hidden.shape[1], skip.shape[1]
    out = np.zeros((n_inputs, n_units + n_nets), np.float32)
    share = np.empty(n_units, np.float32)
    for k in range(n_inputs):
        _by_unit(kept, k, share)
        for h in range(n_units):
            out[k, h] = hidden[k, h] * share[h]
        if k < n_skip:
            for s in range(n_nets):
                out[k, n_units + s] = skip[s, k] * kept[s, k]
    return out


@compiled
def net_slopes(reached: F32, out: F32, target: F32) -> tuple[F32, F32]:
    """Differentiate each network's listwise loss by what it computed of a slate.

    Parameters
    ----------
    reached
        The inputs times the weights of `dropped`, (n, S·H + S): units are not yet rectified.
    out
        The units' weights in the scores, (S·H,).
    target
        Each article's share of the clicks, (n,).

    Returns
    -------
    The slopes by `reached` and by `out`.
    """
    n, n_units = len(reached), len(out)
    n_nets = reached.shape[1] - n_units
    n_hidden = n_units // n_nets
    slopes = np.zeros(reached.shape, np.float32)
    out_slopes = np.zeros(n_units, np.float32)
    chances = np.empty(n, np.float32)
    for s in range(n_nets):
        units = range(s * n_hidden, (s + 1) * n_hidden)
        for i in range(n):
            score = reached[i, n_units + s]
            for h in units:
                score += max(reached[i, h], np.float32(0.0)) * out[h]
            chances[i] = score
        highest, total = chances.max(), np.float32(0.0)
        for i in range(n):
            chances[i] = np.exp(chances[i] - highest)
            total += chances[i]
        for i in range(n):
            residual = chances[i] / total - target[i]
            slopes[i, n_units + s] = residual
            for h in units:
                if reached[i, h] > 0.0:
                    slopes[i, h] = residual * out[h]
                    out_slopes[h] += residual * reached[i, h]
    return slopes, out_slopes


@compiled
def net_step(
    slopes: F32,
    out_slopes: F32,
    kept: F32,
    hidden: tuple[F32, F32, F32],
    out: tuple[F32, F32, F32],
    skip: tuple[F32, F32],
    rate: float,
    skip_rate: float,
    l2: float,
) -> None:
    """Step in place against the slopes by the weights of `dropped`, (I, S·H + S), and by `out`.

    Parameters
    ----------
    slopes, out_slopes
        Of all networks, (I, S·H + S) and (S·H,).
    kept
        As `dropped` had it.
    hidden, out
        Weights, running mean and running square of their slopes, (I, S·H) and (S·H,): Adam.
    skip
        Linear parts and their sums of squared slopes, (S, ≤ I): AdaGrad.
    rate, skip_rate
        Adam's, corrected for its start from 0, and AdaGrad's.
    l2
        Pull of the hidden weights towards 0.
    """
    n_nets, n_inputs = kept.shape
    n_units = len(out_slopes)
    weights, (linear, squares) = hidden[0], skip
    pull, skip_step = np.float32(l2), np.float32(skip_rate)
    by_weight = np.empty((n_inputs, n_units), np.float32)
    share = np.empty(n_units, np.float32)
    for k in range(n_inputs):
        _by_unit(kept, k, share)
        for h in range(n_units):
            by_weight[k, h] = slopes[k, h] * share[h] + pull * weights[k, h]
        if k < linear.shape[1]:
            for s in range(n_nets):
                slope = slopes[k, n_units + s] * kept[s, k]
                squares[s, k] += slope * slope
                linear[s, k] -= skip_step * slope / np.sqrt(squares[s, k] + np.float32(1e-8))
    _adam(weights.ravel(), hidden[1].ravel(), hidden[2].ravel(), by_weight.ravel(), rate)
    _adam(out[0], out[1], out[2], out_slopes, rate)


@inner
def _by_unit(kept: F32, k: int, share: F32) -> None:
    """Repeat what each network multiplies input k by for all of its units, (S·H,)."""
    n_hidden = len(share) // len(kept)
    for s in range(len(kept)):
        value = kept[s, k]
        for h in range(s * n_hidden, (s + 1) * n_hidden):
            share[h] = value


@inner
def _adam(weights: F32, mean: F32, square: F32, slopes: F32, rate: float) -> None:
    """Step by the slopes' running mean over the root of their running square, (m,) each.

    River's Adam steps numpy vectors too, by a dozen passes with a new array each, which takes six
    times as long for the weights of one member.
    """
    step, newest, newest_square = np.float32(rate), np.float32(0.1), np.float32(0.001)
    for k in range(len(weights)):
        slope = slopes[k]
        mean[k] += newest * (slope - mean[k])
        square[k] += newest_square * (slope * slope - square[k])
        weights[k] -= step * mean[k] / (np.sqrt(square[k]) + np.float32(1e-7))
