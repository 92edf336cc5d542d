"""What a replay tells of CnLE, in words and as values: its confidence, and VaNS's trust in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cherryrec.evaluation.intervals import Interval
from cherryrec.evaluation.reliability import Reliability

__all__ = ["cnle_sentences", "reliability_values"]


def cnle_sentences(found: Reliability | None, trust: Mapping[str, float]) -> list[str]:
    """Say how far CnLE's confidence is borne out, and how far VaNS follows it.

    Parameters
    ----------
    found
        Its errors are told in hundredths; None where no impression tells of it.
    trust
        History length to the score per unit of calibrated log-odds, as `Learner.trust` gives it.

    Examples
    --------
    >>> cnle_sentences(None, {"0": 0.8123, "1-5": -0.05})
    ['weight of CnLE by history length (score per unit of log-odds): 0: +0.81, 1-5: -0.05']
    """
    lines = []
    if found is not None:
        lines = [
            f"CnLE's confidence over {found.n_impressions:,} impressions with clicks "
            f"({found.n_candidates:,} candidates), temperature {found.temperature:.2f} at the end",
            f"calibration error {_hundredths(found.before.error)} before, "
            f"{_hundredths(found.after.error)} after, the gain {_hundredths(found.gain, '+')}",
            f"-log p of what was clicked {_plain(found.before.loss)} before, "
            f"{_plain(found.after.loss)} after",
        ]
    if trust:
        weights = ", ".join(f"{length}: {weight:+.2f}" for length, weight in trust.items())
        lines.append(f"weight of CnLE by history length (score per unit of log-odds): {weights}")
    return lines


def reliability_values(found: Reliability) -> dict[str, Any]:
    """Return everything in it as plain JSON values."""
    curves = {"before": found.before, "after": found.after}
    return {
        "impressions": found.n_impressions,
        "candidates": found.n_candidates,
        "temperature": found.temperature,
        "calibration_error_gain": found.gain._asdict(),
        **{
            name: {
                "calibration_error": curve.error._asdict(),
                "log_loss": curve.loss._asdict(),
                "chances": curve.chances.tolist(),
                "clicks": curve.clicks.tolist(),
            }
            for name, curve in curves.items()
        },
    }


def _hundredths(interval: Interval, sign: str = "") -> str:
    """Return `mean [low, high]` times 100."""
    mean, low, high = (100 * end for end in interval)
    return f"{mean:{sign}.2f} [{low:{sign}.2f}, {high:{sign}.2f}]"


def _plain(interval: Interval) -> str:
    """Return `mean [low, high]`."""
    return f"{interval.mean:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
