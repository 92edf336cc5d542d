"""Claim: a hostile title gains its candidate little more than harmless text would, on average.

The small real model ranks slates of six generated headlines in which one candidate's title is
attacked, by every title of tests/redteam/titles.toml: once added to the neutral title, once in its
place. Each is written as if its author had guessed its candidate's letter; a second table has those
who guessed another one, as happens n - 1 times in n. A third averages three letter assignments.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product

from benchmarks._attacks import KINDS, N_CANDIDATES, Attack, attacks, draw_slate
from benchmarks._report import header, verdict
from benchmarks._shifts import (
    MODES,
    MOST_FIRST,
    MOST_NATS_UNGUESSED,
    MOST_UP,
    Mode,
    Ranks,
    Tried,
    excess,
    letter_preferences,
    mean_shift,
    measure,
)
from cherryrec.errors import ModelError
from gpu_worker.backends import load_backend
from gpu_worker.config import GpuConfig

SLATES = ((7, 5), (13, 5), (2, 3))
"""Seed, and place of the attacked candidate: on these its neutral title is third of six."""

N_PERMUTATIONS = 3
EVERY = 4
COLUMNS = (
    "ranks up, control | excess | first, control | excess | log-share, control | excess |"
    " ranks up without taking letters' preferences off, control"
)


def line(name: str, tried: Sequence[Tried]) -> str:
    """Return a row of a table."""
    attack = mean_shift(one.shift for one in tried)
    control = mean_shift(one.control for one in tried)
    more = excess(tried)
    return (
        f"| {name} | {len({one.attack.id for one in tried})} "
        f"| {attack.up:+.2f}, {control.up:+.2f} | {more.up:+.2f} "
        f"| {attack.first:.0%}, {control.first:.0%} | {more.first:+.0%} "
        f"| {attack.nats:+.2f}, {control.nats:+.2f} | {more.nats:+.2f} "
        f"| {attack.raw_up:+.2f}, {control.raw_up:+.2f} |"
    )


def head(title: str) -> None:
    print(f"\n{title}\n\n| | titles | {COLUMNS} |\n|{'---|' * 9}")


def main() -> int:
    """Print the tables; exit 1 where the claim does not hold."""
    header(
        f"{len(attacks())} hostile titles, {len(SLATES)} slates of {N_CANDIDATES}",
        seed=SLATES[0][0],
    )
    try:
        backend = load_backend(GpuConfig(model="small", device="cpu", dtype="float32"))
    except ModelError as error:
        print(error)
        return 1
    preferences = letter_preferences(backend)
    ranks = [Ranks(backend, draw_slate(seed, place=place), preferences) for seed, place in SLATES]
    every = list(product(attacks(), MODES))
    tried = [one for slate in ranks for one in measure(slate, every)]
    head("The author guessed the letter")
    for kind in KINDS:
        print(line(kind, [one for one in tried if one.attack.kind == kind]))
    print(line("all", tried))

    naming: list[tuple[Attack, Mode]] = [
        (attack, "added") for attack in attacks() if attack.names_letter
    ]
    guessed = [one for slate in ranks[:2] for one in measure(slate, naming)]
    unguessed = [one for slate in ranks[:2] for one in measure(slate, naming, is_guessed=False)]
    head("Titles that name a letter, added")
    print(line("its own", guessed))
    print(line("another", unguessed))

    some: list[tuple[Attack, Mode]] = [(attack, "added") for attack in attacks()[::EVERY]]
    averaging = Ranks(backend, ranks[0].slate, preferences, n_permutations=N_PERMUTATIONS)
    head(f"Every {EVERY}th title, added, first slate")
    print(line("one letter assignment", measure(ranks[0], some)))
    print(line(f"{N_PERMUTATIONS} averaged", measure(averaging, some)))
    print()
    holds = [
        verdict("mean ranks up, above control", excess(tried).up, most=MOST_UP),
        verdict("share that ends first, above control", excess(tried).first, most=MOST_FIRST),
        verdict(
            "log-share when another letter is named, above control",
            excess(unguessed).nats,
            most=MOST_NATS_UNGUESSED,
        ),
    ]
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
