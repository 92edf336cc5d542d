"""How much of a worker's time inquiries may take: a token bucket of seconds."""

from __future__ import annotations

from cherryrec.errors import ConfigError

__all__ = ["InquiryLimit"]


class InquiryLimit:
    """Lets inquiries through while their share of the time lasts.

    In any time t they take at most `share`·t + `burst_s`, and what the last one let through took
    beyond that.

    Parameters
    ----------
    share
        Of the time, in (0, 1].
    burst_s
        Seconds that can be saved up and taken at once; above 0.

    Examples
    --------
    A tenth of the time, and half a second at once: an inquiry that took 0.7 s leaves a debt of 0.2,
    which is paid in two seconds.

    >>> limit = InquiryLimit(share=0.1, burst_s=0.5)
    >>> limit.wait_s(100.0)
    0.0
    >>> limit.spend(0.7)
    >>> round(limit.wait_s(100.0), 3), limit.wait_s(102.1)
    (2.0, 0.0)
    """

    def __init__(self, *, share: float, burst_s: float = 0.5) -> None:
        for name, value, most in (("share", share, 1.0), ("burst_s", burst_s, 3_600.0)):
            if not 0.0 < value <= most:
                msg = f"{name} must be above 0 and at most {most:g}, got {value!r}"
                raise ConfigError(msg)
        self.share = share
        self.burst_s = burst_s
        self._level_s = burst_s
        self._clock_s: float | None = None

    def wait_s(self, now: float) -> float:
        """Return how long the next inquiry has to wait; 0 lets it through.

        Parameters
        ----------
        now
            Seconds of any clock that does not go back.
        """
        step_s = 0.0 if self._clock_s is None else max(now - self._clock_s, 0.0)
        self._clock_s = now
        self._level_s = min(self._level_s + self.share * step_s, self.burst_s)
        return max(-self._level_s / self.share, 0.0)

    def spend(self, taken_s: float) -> None:
        """Note how long one took, in seconds."""
        self._level_s -= taken_s
