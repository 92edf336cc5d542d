"""How often the 95 % intervals of protocol D hold the true click-through rate: 93 of 100 seeds.

Each seed makes a world whose chance of every click is known, and its log of random displays. A
policy's true rate is the mean of that chance over what it chose, matched or not; replay's, which
weighs small pools more, is weighed as it weighs. Simple policies on five hundred seeds; CherryRec,
which learns as it goes, on a hundred (`--ours N`), shorter and with more clicks.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence

from benchmarks._report import header
from cherryrec.evaluation.generate import DisplayWorld
from cherryrec.evaluation.random_logs import (
    ESTIMATORS,
    NewestPolicy,
    OurPolicy,
    Policy,
    PopularPolicy,
    Question,
    RandomPolicy,
    judge,
)

N_SEEDS = 500
N_OURS = 100
N_DISPLAYS = 3_000
N_DISPLAYS_OURS = 600
RATE_OURS = 0.2
AT_LEAST = 0.93


class Watched:
    """A policy whose choices are kept, in the order of the log."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.name = policy.name
        self.choices: list[str] = []

    def choose(self, question: Question) -> str:
        """Ask the policy, and keep what it says."""
        self.choices.append(self._policy.choose(question))
        return self.choices[-1]

    def learn(self, question: Question, chosen: str, *, is_clicked: bool) -> None:
        """Hand on what the policy may know."""
        self._policy.learn(question, chosen, is_clicked=is_clicked)


def held(world: DisplayWorld, policies: Sequence[Policy]) -> Counter[tuple[str, str]]:
    """Return which intervals hold the truth of one world, by policy and estimator."""
    displays = world.displays()
    watched = [Watched(policy) for policy in policies]
    judged = judge(displays, watched)
    found: Counter[tuple[str, str]] = Counter()
    for policy in watched:
        pairs = list(zip(displays, policy.choices, strict=True))
        chances = [world.chance(display, chosen) for display, chosen in pairs]
        weights = [display.propensity for display in displays]
        truth = sum(chances) / len(chances)
        of_replay = sum(c * w for c, w in zip(chances, weights, strict=True)) / sum(weights)
        for name, rate in judged.evidence[policy.name].estimates():
            value = of_replay if name == "replay" else truth
            found[policy.name, name] += rate.low <= value <= rate.high
    return found


def covered(
    n_seeds: int,
    n_displays: int,
    policies: Callable[[int], Sequence[Policy]],
    *,
    rate: float = 0.08,
) -> Counter[tuple[str, str]]:
    """Return how many of the seeds' intervals hold the truth."""
    found: Counter[tuple[str, str]] = Counter()
    for seed in range(n_seeds):
        found += held(DisplayWorld(seed=seed, n_displays=n_displays, rate=rate), policies(seed))
    return found


def told(found: Counter[tuple[str, str]], n_seeds: int, names: Sequence[str]) -> bool:
    """Print a table of shares; return whether all are high enough."""
    print(
        f"{'policy':12}" + "".join(f"{name:>10}" for name in ESTIMATORS) + f"  of {n_seeds} seeds"
    )
    for policy in names:
        cells = "".join(f"{found[policy, name]:>10}" for name in ESTIMATORS)
        print(f"{policy:12}{cells}", flush=True)
    return all(found[p, e] >= AT_LEAST * n_seeds for p in names for e in ESTIMATORS)


def main(arguments: Sequence[str]) -> int:
    """Count, and tell."""
    n_ours = int(arguments[arguments.index("--ours") + 1]) if "--ours" in arguments else N_OURS
    header(f"95 % intervals of protocol D hold the truth for {AT_LEAST:.0%} of the seeds", seed=0)
    print(f"intervals that hold it, {N_DISPLAYS:,} displays a seed")
    simple = covered(
        N_SEEDS, N_DISPLAYS, lambda seed: [NewestPolicy(), PopularPolicy(), RandomPolicy(seed=seed)]
    )
    holds = told(simple, N_SEEDS, ["newest", "popular", "random"])
    print(f"intervals that hold it, {N_DISPLAYS_OURS:,} displays a seed")
    ours = covered(n_ours, N_DISPLAYS_OURS, lambda _: [OurPolicy()], rate=RATE_OURS)
    holds &= told(ours, n_ours, [OurPolicy.name])
    print("holds" if holds else "DOES NOT HOLD")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
