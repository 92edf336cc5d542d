"""What is left after a storm against what must be; each check says what differs, or nothing.

Byte for byte: profiles, the labels of open requests, counters' whole numbers, their offsets, and
the model, which is the fold of `examples` as they stand in their one partition: which of two
windows ends first depends on who is alive. The decayed counters agree to 1e-9: their sums add the
same numbers, rebased at other moments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks._chaos.fold import CONFIG, Fold
from benchmarks._chaos.system import ChaosSystem
from benchmarks._chaos.traffic import WRONG_CLOCKS, Asked
from cherryrec.codec import decode
from cherryrec.events import Example, ModelSnapshot, SlateLabelled
from cherryrec.learner import Learner
from cherryrec.snapshots import STATE
from cherryrec.stored_requests import is_of_a_user, owner_of
from cherryrec.topics import topic_named
from tests.integration.folding import (
    activity_on,
    assert_same_counters,
    labels_of,
    offsets_of,
    profiles_of,
)
from tests.integration.system import INPUTS

__all__ = ["divergences"]


def divergences(
    system: ChaosSystem, asked: dict[str, Asked], erased: list[str]
) -> tuple[dict[str, str], dict[str, int]]:
    """Check all promises; return what diverged, by check, and what was counted."""
    fold = Fold.of(system)
    checks: dict[str, Callable[[], str]] = {
        "profiles": lambda: _differs(
            profiles_of(system.table("profiles")), profiles_of(fold.system.profiles.values)
        ),
        "labels": lambda: _differs(
            labels_of(system.table("requests")), labels_of(fold.system.requests.values)
        ),
        "counters": lambda: _counters(system, fold),
        "examples": lambda: _differs(
            {_example(one) for one in _sent(system) if not _may_be_late(one)},
            {_example(one) for one in fold.examples if not _may_be_late(one)},
        ),
        "slates": lambda: _differs(_slates(system), {_slate(one) for one in fold.labelled}),
        "model": lambda: _model(system),
        "answers": lambda: _answers(asked),
        "in = out": lambda: _accounts(system, fold),
        "erased": lambda: _remains(system, erased),
    }
    found = {name: said for name, check in checks.items() if (said := check())}
    repeated = sum(len(one.answers) > 1 for one in asked.values())
    other = sum(len({_order(a) for a in one.answers}) > 1 for one in asked.values())
    counts = {
        "in": fold.n_in,
        **{
            name: fold.counted[name]
            for name in ("applied", "duplicate", "late", "unchanged", "moved")
        },
        "dead_lettered": len(fold.refused),
        "requests": len(asked),
        "answered_again": repeated,
        "answered_otherwise": other,
        "examples": len(fold.examples),
    }
    return found, counts


def _order(answer: Any) -> tuple[str, ...]:
    return tuple(item.article_id for item in answer.slate)


def _differs(got: Any, wanted: Any) -> str:
    """Say what two dicts or sets do not share; nothing where they are equal."""
    if got == wanted:
        return ""
    ours, theirs = (set(one) for one in (got, wanted))
    said = []
    if ours - theirs:
        said.append(f"{len(ours - theirs)} too many, one {min(ours - theirs, key=str)!r:.300}")
    if theirs - ours:
        said.append(f"{len(theirs - ours)} missing, one {min(theirs - ours, key=str)!r:.300}")
    if isinstance(got, dict):
        other = [key for key in sorted(ours & theirs, key=str) if got[key] != wanted[key]]
        if other:
            both = f"{_apart(got[other[0]], wanted[other[0]])}"
            said.append(f"{len(other)} differ, {other[0]!r}: {both}")
    return "; ".join(said)


def _apart(got: Any, wanted: Any) -> str:
    """Name the fields in which two values differ."""
    if hasattr(got, "__struct_fields__"):
        names = got.__struct_fields__
        got, wanted = ({n: getattr(one, n) for n in names} for one in (got, wanted))
    if isinstance(got, dict) and isinstance(wanted, dict):
        names = sorted(set(got) | set(wanted), key=str)
        parts = [
            f"{n}: got {got.get(n)!r:.200}, wanted {wanted.get(n)!r:.200}"
            for n in names
            if got.get(n) != wanted.get(n)
        ]
        return "; ".join(parts[:3])
    return f"got {got!r:.300}, wanted {wanted!r:.300}"


def _counters(system: ChaosSystem, fold: Fold) -> str:
    activity = activity_on(system)
    try:
        assert_same_counters(activity, fold.activity)
    except AssertionError as error:
        return f"counters of {str(error).splitlines()[0]}"
    return _differs(offsets_of(activity), offsets_of(fold.activity))


def _example(one: Example) -> tuple[Any, ...]:
    return one.example_id, one.user_id, tuple(zip(one.articles, one.clicked, strict=True))


def _may_be_late(one: Example) -> bool:
    """Whether it depends on how far others were read: a click alone by a clock that is off."""
    return one.origin == "click" and one.user_id in WRONG_CLOCKS


def _sent(system: ChaosSystem) -> list[Example]:
    return [decode(Example, record.value) for record in system.records("examples")]


def _slate(one: SlateLabelled) -> tuple[Any, ...]:
    return one.slate_id, tuple(zip(one.articles, one.clicked, strict=True))


def _slates(system: ChaosSystem) -> set[tuple[Any, ...]]:
    found = system.records("labelled-slates")
    return {_slate(decode(SlateLabelled, record.value)) for record in found}


def _model(system: ChaosSystem) -> str:
    """Compare the newest state with one learner over all examples in their order.

    Examples that were sent again after it teach nothing, and need no state of their own.
    """
    limit = topic_named("models").max_message_bytes
    states = [r.value for r in system.records("models") if r.key == STATE.encode()]
    learner, n = Learner(CONFIG.knrs, CONFIG.vans), 0
    wanted = learner.snapshot(STATE)
    for record in system.records("examples"):
        is_new = learner.learn(
            decode(Example, record.value), partition=record.partition, offset=record.offset
        )
        if is_new:
            n, wanted = n + 1, learner.snapshot(STATE)
    if not states:
        return f"no state was published, of {n} examples" if n else ""
    got = decode(ModelSnapshot, states[-1], max_bytes=limit)
    is_short = any(got.applied.get(k, -1) < offset for k, offset in wanted.applied.items())
    if got.n_examples != wanted.n_examples or is_short:
        return (
            f"learned {got.n_examples} examples to {got.applied}, "
            f"wanted {wanted.n_examples} to {wanted.applied}"
        )
    other = sorted(name for name in wanted.arrays if got.arrays.get(name) != wanted.arrays[name])
    return f"arrays differ: {', '.join(other[:5])}" if other else ""


def _answers(asked: dict[str, Asked]) -> str:
    """Check that every request is answered, by articles that it asked for."""
    without = sorted(name for name, one in asked.items() if not one.answers)
    if without:
        return f"{len(without)} of {len(asked)} requests without an answer, one {without[0]!r}"
    for name, one in asked.items():
        for answer in one.answers:
            if not set(_order(answer)) <= set(one.candidates):
                return f"{name!r} was answered by articles that it did not ask for"
    return ""


def _accounts(system: ChaosSystem, fold: Fold) -> str:
    """Compare dead letters with what the rules refuse: by place, each once or more.

    What a process counted dies with it: in is what the topics hold, applied, duplicate and late
    what the fold counts, which state shows; a misplaced record is there again where its key
    belongs, and every other record is a dead letter.
    """
    ours = {system.names(topic): topic for topic in INPUTS}
    letters = [one for one in system.dead_letters() if one.source_topic in ours]
    got = {(ours[one.source_topic], one.source_partition, one.source_offset) for one in letters}
    if sum(fold.counted.values()) + len(fold.refused) != fold.n_in:
        return f"the fold counts {fold.counted} and {len(fold.refused)} of {fold.n_in}"
    failed = [one.reason for one in letters if one.reason.startswith("failed in the worker")]
    if failed:
        return f"{len(failed)} events failed in a worker, one by {failed[0]!r:.200}"
    lost = fold.moved - fold.copied
    if lost:
        return f"{len(lost)} of {len(fold.moved)} misplaced records were not moved, {min(lost)}"
    said = _differs(got, fold.refused)
    if said:
        reasons = Counter(one.reason for one in letters).most_common(3)
        return f"dead letters: {said}; reasons {reasons!r:.300}"
    return ""


def _remains(system: ChaosSystem, erased: Iterable[str]) -> str:
    """Look for erased users in what is newest of every key."""
    found = []
    for user_id in erased:
        for table in ("profiles", "requests"):
            keys = [key for _, key in system.table(table) if is_of_a_user(key)]
            if any(owner_of(key)[0] == user_id for key in keys):
                found.append(f"{user_id} in {table}")
        newest = {r.key: r.value for r in system.records("recommendations")}
        if newest.get(user_id.encode()) is not None:
            found.append(f"{user_id} in recommendations")
    return ", ".join(found)
