"""How often the 95 % intervals of protocol D hold the true click-through rate: 93 of 100 seeds.

Each seed makes a world whose chance of every click is known, and its log of random displays. A
policy's true rate is the mean of that chance over what it chose, matched or not; replay's, which
weighs small pools more, is weighed as it weighs. Simple policies on five hundred seeds; CherryRec,
which learns as it goes, on a hundred (`--ours N`, from seed `--first`), with more clicks. Of the
intervals that miss, it says on which side the truth was: below them or above.
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
N_DISPLAYS = 600
RATE_OURS = 0.2
AT_LEAST = 0.93
_EVERY = 20

Places = Counter[tuple[str, str, str]]
"""How often the truth was `within`, `below` or `above` an interval, by policy and estimator."""


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


def places(world: DisplayWorld, policies: Sequence[Policy]) -> Places:
    """Say of every interval of one world where the truth is."""
    displays = world.displays()
    watched = [Watched(policy) for policy in policies]
    judged = judge(displays, watched)
    found: Places = Counter()
    for policy in watched:
        pairs = list(zip(displays, policy.choices, strict=True))
        chances = [world.chance(display, chosen) for display, chosen in pairs]
        weights = [display.propensity for display in displays]
        truth = sum(chances) / len(chances)
        of_replay = sum(c * w for c, w in zip(chances, weights, strict=True)) / sum(weights)
        for name, rate in judged.evidence[policy.name].estimates():
            value = of_replay if name == "replay" else truth
            place = "below" if value < rate.low else "above" if value > rate.high else "within"
            found[policy.name, name, place] += 1
    return found


def over_seeds(
    n_seeds: int,
    n_displays: int,
    policies: Callable[[int], Sequence[Policy]],
    *,
    rate: float = 0.08,
    first: int = 0,
) -> Places:
    """Count over seeds from the first up, with a word on stderr now and then."""
    found: Places = Counter()
    for seed in range(first, first + n_seeds):
        world = DisplayWorld(seed=seed, n_displays=n_displays, rate=rate)
        found += places(world, policies(seed))
        if (seed - first + 1) % _EVERY == 0:
            print(f"{seed - first + 1} of {n_seeds} seeds", file=sys.stderr, flush=True)
    return found


def told(found: Places, n_seeds: int, names: Sequence[str]) -> bool:
    """Print how many intervals hold the truth, and the sides of the others; say if it is enough."""
    heads = "".join(f"{name:>16}" for name in ESTIMATORS)
    print(f"{'policy':12}{heads}  of {n_seeds} seeds (below + above)")
    for policy in names:
        cells = []
        for name in ESTIMATORS:
            within, below, above = (
                found[policy, name, place] for place in ("within", "below", "above")
            )
            cells.append(f"{f'{within} ({below} + {above})':>16}")
        print(f"{policy:12}{''.join(cells)}", flush=True)
    return all(found[p, e, "within"] >= AT_LEAST * n_seeds for p in names for e in ESTIMATORS)


def main(arguments: Sequence[str]) -> int:
    """Count, and tell."""
    n_ours = int(arguments[arguments.index("--ours") + 1]) if "--ours" in arguments else N_OURS
    first = int(arguments[arguments.index("--first") + 1]) if "--first" in arguments else 0
    header(
        f"95 % intervals of protocol D hold the truth for {AT_LEAST:.0%} of the seeds", seed=first
    )
    print(f"intervals that hold it, {N_DISPLAYS:,} displays a seed")
    simple = over_seeds(
        N_SEEDS, N_DISPLAYS, lambda seed: [NewestPolicy(), PopularPolicy(), RandomPolicy(seed=seed)]
    )
    holds = told(simple, N_SEEDS, ["newest", "popular", "random"])
    ours = over_seeds(n_ours, N_DISPLAYS, lambda _: [OurPolicy()], rate=RATE_OURS, first=first)
    holds &= told(ours, n_ours, [OurPolicy.name])
    print("HOLDS" if holds else "DOES NOT HOLD")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
