"""Asks a language model for users one by one, and finds where what they read stands.

Who is asked comes in an order drawn by chance, so that a run that its time cuts has asked a sample.
A method that ranks what another ranking retrieved is not asked where that does not hold the wanted
article: whatever it said, the article would not be found.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.errors import LogError
from cherryrec.evaluation.leave_last_out import LeaveLastOut, Split
from cherryrec.evaluation.retrieval.ranks import tie_keys
from cherryrec.text import stable_hash
from gpu_worker.backends.loading import load_base
from gpu_worker.backends.tokens import PromptTokens
from gpu_worker.config import GpuConfig
from gpu_worker.generative.config import LanguageConfig
from gpu_worker.generative.gpt4rec import Gpt4Rec, merged
from gpu_worker.generative.kept import KeptAnswers
from gpu_worker.generative.p5 import P5
from gpu_worker.generative.registry import Method
from gpu_worker.generative.tallrec import TallRec
from gpu_worker.generative.title_model import TitleModel
from gpu_worker.generative.title_search import TitleSearch
from gpu_worker.generative.tuning import tuned

__all__ = ["Bar", "Judged", "Loaded", "judge", "loaded"]

Bar = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Makes a progress bar of a name and a total."""

_OWN = ""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Where the users' articles stood.

    Parameters
    ----------
    ranks
        By the name of the list that was ranked, empty for a method's own: 1 = best, 0 = not in it,
        (n,) for the first n users of those that were wanted; n is below their number where time
        was up.
    n_asked
        Users for whom the model was asked.
    notes
        How it came about.
    """

    ranks: Mapping[str, NDArray[np.intp]]
    n_asked: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A method, which model it asks and how that was tuned, and the folder of this very run."""

    method: Gpt4Rec | TallRec | P5
    model: str
    folder: Path


def loaded(
    method: Method,
    data: LeaveLastOut,
    *,
    gpu: GpuConfig,
    config: LanguageConfig,
    seed: int,
    folder: Path,
    bar: Bar,
    budget_s: float | None = None,
) -> Loaded:
    """Return a method on its tuned model.

    Raises
    ------
    LogError
        The log has no titles.
    """
    titles = [data.title(code) for code in range(len(data.articles))]
    if not any(titles):
        msg = f"{method.title} reads titles, and the log has none: leave it out by --rankings"
        raise LogError(msg)
    base = load_base(gpu)
    cut = PromptTokens(base.tokenizer, title_tokens=config.title_tokens).cut
    examples = list(
        islice(method.examples(data, config, seed, cut), config.n_steps * config.batch_size)
    )
    run = {
        "method": method.name,
        "model": base.version,
        "config": asdict(config),
        "seed": seed,
        "titles": hashlib.sha256("\n".join(titles).encode()).hexdigest(),
        "examples": [asdict(one) for one in examples],
    }
    digest = hashlib.sha256(msgspec.json.encode(run)).hexdigest()[:12]
    own = folder / f"{method.name}-{digest}"
    with bar(f"{method.title}: tuning, steps", config.n_steps) as advance:
        base, how = tuned(
            gpu,
            base,
            examples,
            config,
            seed=seed,
            folder=own,
            budget_s=budget_s,
            progress=advance,
        )
    model = TitleModel(base, title_tokens=config.title_tokens)
    tuning = str(how) if how is not None else "not tuned"
    return Loaded(method(model, config), f"{base.name}, {tuning}", own)


def judge(
    method: Method,
    data: LeaveLastOut,
    split: Split,
    users: Sequence[int],
    lists: Mapping[str, NDArray[np.int32]],
    *,
    gpu: GpuConfig,
    config: LanguageConfig,
    seed: int,
    folder: Path,
    bar: Bar,
    budget_s: float | None = None,
) -> Judged:
    """Tune a method, or take up what was tuned, and ask it.

    Parameters
    ----------
    method
        One of `LANGUAGE_MODELS`.
    data, split
        What is asked for.
    users
        Who is asked, in an order that says nothing.
    lists
        What was retrieved for each of these users, best first, by name: (n, 20), -1 where there
        were fewer. A method that retrieves by itself passes them over.
    gpu, config
        The model, and how it is used.
    seed
        Of what it learns from, and of its learning.
    folder
        Where what was computed is kept.
    bar
        Makes progress bars.
    budget_s
        Seconds; half of them may go into tuning. None for no end.

    Raises
    ------
    ConfigError, ModelError
        The model cannot be loaded.
    LogError
        The log has no titles.
    """
    started = time.monotonic()
    half_s = None if budget_s is None else budget_s / 2
    ready = loaded(
        method,
        data,
        gpu=gpu,
        config=config,
        seed=seed,
        folder=folder,
        bar=bar,
        budget_s=half_s,
    )
    made = ready.method
    kept = KeptAnswers(ready.folder / f"answers-{split}-{data.digest[:12]}.jsonl")
    asked = _Own(made, data, split, users, kept) if isinstance(made, Gpt4Rec) else None
    ranks: dict[str, list[int]] = {name: [] for name in ([_OWN] if asked else lists)}
    n_asked = 0
    with bar(f"{method.title}: users", len(users)) as advance:
        for place, user in enumerate(users):
            if budget_s is not None and time.monotonic() - started > budget_s:
                break
            target = data.target(user, split)
            if asked is not None:
                ranks[_OWN].append(asked.rank(place, target))
                n_asked += 1
            else:
                assert not isinstance(made, Gpt4Rec), "the one that retrieves by itself"
                mine = {name: rows[place][rows[place] >= 0] for name, rows in lists.items()}
                holding = [codes for codes in mine.values() if target in codes]
                scores: dict[int, float] = {}
                if holding:
                    scores = _scores(made, data, split, user, lists=holding, kept=kept)
                n_asked += bool(holding)
                for name, codes in mine.items():
                    ranks[name].append(_rank(target, codes.tolist(), scores))
            advance(1)
    n_reached = min(len(found) for found in ranks.values()) if ranks else 0
    notes = [ready.model, f"the newest {config.n_history} titles read"]
    if n_reached < len(users):
        notes.append(f"ended by time after {n_reached:,} of {len(users):,} users")
    return Judged(
        {name: np.array(found, np.intp) for name, found in ranks.items()}, n_asked, tuple(notes)
    )


class _Own:
    """Lists that a method finds by itself."""

    def __init__(
        self,
        method: Gpt4Rec,
        data: LeaveLastOut,
        split: Split,
        users: Sequence[int],
        kept: KeptAnswers,
    ) -> None:
        self._method, self._data, self._split, self._kept = method, data, split, kept
        self._users = users
        self._search = TitleSearch([data.title(code) for code in range(len(data.articles))])
        self._hashes = np.array([stable_hash(one) for one in data.articles], np.uint64)  # (A,)

    def rank(self, place: int, target: int) -> int:
        """Return where an article stands in the list of the user in a place."""
        user = self._users[place]
        user_id = self._data.users[user]
        if self._kept.of(user_id) is None:
            n = self._method.batch_size
            first = place // n * n  # the same ones together, whatever is kept
            self._write(self._users[first : first + n])
        is_out = np.zeros(len(self._hashes), np.bool_)
        is_out[self._data.read_before(user, self._split)] = True
        ties = tie_keys(self._hashes, stable_hash(user_id))
        queries: list[str] = self._kept.of(user_id) or []
        found = merged(self._search, queries, is_out, ties)
        return found.index(target) + 1 if target in found else 0

    def _write(self, users: Sequence[int]) -> None:
        """Have the queries of some users written, and keep them."""
        histories = [
            [self._data.title(code) for code in self._data.read_before(user, self._split).tolist()]
            for user in users
        ]
        for user, queries in zip(users, self._method.queries(histories), strict=True):
            self._kept.add(self._data.users[user], queries)


def _scores(
    method: TallRec | P5,
    data: LeaveLastOut,
    split: Split,
    user: int,
    *,
    lists: Sequence[NDArray[np.int32]],
    kept: KeptAnswers,
) -> dict[int, float]:
    """Return the scores of all that is in the lists, computing those that are not kept."""
    user_id = data.users[user]
    codes = list(dict.fromkeys(np.concatenate(lists).tolist()))
    known: dict[str, float] = kept.of(user_id) or {}
    missing = [code for code in codes if data.articles[code] not in known]
    if missing:
        history = [data.title(code) for code in data.read_before(user, split).tolist()]
        found = method.scores(history, [data.title(code) for code in missing]).tolist()
        ids = [data.articles[code] for code in missing]
        known = {**known, **dict(zip(ids, found, strict=True))}
        kept.add(user_id, known)
    return {code: known[data.articles[code]] for code in codes}


def _rank(target: int, codes: Sequence[int], scores: Mapping[int, float]) -> int:
    """Return the rank of the target in a list by the scores; of equals the first retrieved leads.

    Examples
    --------
    >>> _rank(7, [5, 7, 9], {5: 0.2, 7: 0.2, 9: 0.8})
    3
    """
    if target not in codes:
        return 0
    own, place = scores[target], codes.index(target)
    ahead = [n for n, code in enumerate(codes) if (-scores[code], n) < (-own, place)]
    return 1 + len(ahead)
