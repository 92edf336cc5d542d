"""The learner: examples in, versioned snapshots of what ranks out: VaNS, KnRS, CnLE's temperature.

One logical writer: the only consumer of `examples`. What it publishes are absolute arrays with
the offsets they include, so a restarted learner goes on exactly where its last state stood.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cherryrec.activity import RecentIds
from cherryrec.cnle.calibration import Calibration, Temperatures
from cherryrec.codec import EARLIEST, pack
from cherryrec.errors import BadMessage, ModelError
from cherryrec.events import Example, FeatureColumn, ModelSnapshot, instant, seconds
from cherryrec.features import FEATURE_SETS, evaluated, probes
from cherryrec.knrs import (
    METRICS,
    CatalogueOrder,
    KnrsConfig,
    NewsValue,
    RetrievalLearner,
    Retriever,
    contrasted,
    value_learner,
)
from cherryrec.model_features import VANS_FEATURES, set_name, vans_features
from cherryrec.snapshots import SERVING, STATE, check_name, of_another_set, unpacked
from cherryrec.text import stable_hash
from cherryrec.title_fit import STUDENT_START, TitleFitLearner, TitleFits, titles_of
from cherryrec.vans import (
    Feature,
    Vans,
    VansConfig,
    columns_by_name,
)
from cherryrec.vans.snapshot import under

__all__ = ["VANS_FEATURES", "Learner", "vans_features"]

_RECENT_EXAMPLES = 4_096
_MAX_SETS = 8  # older feature sets whose examples are taken, the newest that were told of

Arrays = Mapping[str, NDArray[np.generic]]


class Learner:
    """Learns VaNS, KnRS's news value and CnLE's temperature, one labelled impression at a time.

    Parameters
    ----------
    knrs
        Which news value is learned, and where its weights start.
    vans
        Settings of the ensemble.
    features
        What VaNS learns of, as `vans_features`.
    sentence_model
        The one of whose vectors it learns how titles go with reads; another's are other directions.
    """

    def __init__(
        self,
        knrs: KnrsConfig,
        vans: VansConfig,
        features: tuple[Feature, ...] = VANS_FEATURES,
        *,
        sentence_model: str = "none",
    ) -> None:
        self.features = features
        self.sentence_model = sentence_model
        self.vans = Vans(features, vans)
        self.knrs = value_learner(knrs)
        self.retrieval = RetrievalLearner()
        self.fit = TitleFitLearner()
        self.student = TitleFitLearner(STUDENT_START)
        self.calibration = Calibration()
        self.n_examples = 0
        self.version = 0
        self.newest_s = seconds(EARLIEST)  # a snapshot of nothing has a time that can be read
        self.applied: dict[str, int] = {}
        self.recent = RecentIds(_RECENT_EXAMPLES)
        self._columns: dict[str, tuple[str, ...]] = dict(FEATURE_SETS)

    def know(self, snapshot: ModelSnapshot) -> None:
        """Take examples of a snapshot's feature set too, by the names it carries."""
        if snapshot.features and snapshot.feature_set not in self._columns:
            names = tuple(column.name for column in snapshot.features)
            self._columns[snapshot.feature_set] = names
            if len(self._columns) > _MAX_SETS + len(FEATURE_SETS):
                del self._columns[list(self._columns)[len(FEATURE_SETS)]]

    @property
    def knrs_weights(self) -> NewsValue:
        """The news value as learned so far."""
        return self.knrs.value()

    @property
    def retriever(self) -> Retriever:
        """What keeps articles of the whole catalogue, as learned so far."""
        return Retriever(self.retrieval.retriever.weights.copy())

    @property
    def order(self) -> CatalogueOrder:
        """What orders them, as learned so far."""
        return CatalogueOrder(self.retrieval.order.weights.copy())

    @property
    def temperatures(self) -> Temperatures:
        """The temperatures of CnLE's versions as learned so far."""
        return self.calibration.temperatures()

    def trust(self) -> dict[str, float]:
        """Return how far VaNS follows CnLE, by history length; empty before any evaluation.

        It is by how much one unit of calibrated log-odds moves the score: 1 takes CnLE at its
        word, 0 passes it over, below 0 does the opposite. What all members make of it together, for
        an otherwise average candidate.
        """
        latest = self.calibration.latest
        if latest is None:
            return {}
        typical = self.vans.scaler.moments.typical
        scores = {
            length: self.vans.score(pair.astype(np.float64)).scores
            for length, pair in probes(typical, latest.value).items()
        }
        return {length: float(above - below) / 2 for length, (above, below) in scores.items()}

    def learn(self, example: Example, *, partition: int, offset: int, weight: float = 1.0) -> bool:
        """Learn one example; False if it was learned before (read again, or sent again).

        `weight` is for how many it stands, where others are left out (`Sampling`).

        Raises
        ------
        BadMessage
            Its arrays do not fit its articles, or it is of another feature set.
        """
        key = str(partition)
        if offset <= self.applied.get(key, -1):
            return False
        features, metrics = _arrays(example, self._columns, self.features)
        read = contrasted(example)
        titles = titles_of(example)
        if example.sentence_model != self.sentence_model:
            titles = None
        self.applied[key] = offset
        if self.recent.sight(stable_hash(example.example_id), offset) != "new":
            return False
        clicked = np.array(example.clicked)
        self.vans.learn(features, clicked, weight)
        self.knrs.learn(metrics, clicked, weight)
        self.retrieval.learn(read, weight)
        if titles is not None:
            self.fit.learn(*titles, clicked, weight)
        if example.evaluator:
            has, log_shares = evaluated(features, example.temperature)
            self.calibration.learn(example.evaluator, log_shares, clicked[has])
            if titles is not None:
                log_shares = log_shares / self.temperatures.of(example.evaluator)
                self.student.follow(titles[0], titles[1][has], log_shares, weight)
        self.n_examples += 1
        self.newest_s = max(self.newest_s, seconds(example.shown_at))
        return True

    def leave_out(self, *, partition: int, offset: int) -> None:
        """Go past an example without learning it: another one stands for it."""
        key = str(partition)
        self.applied[key] = max(offset, self.applied.get(key, -1))

    def snapshot(self, name: str) -> ModelSnapshot:
        """Take the models as they stand: `SERVING` to score with, `STATE` to go on from.

        A serving snapshot is a new version.
        """
        if name == SERVING:
            self.version += 1
            arrays: Arrays = {
                **{f"vans/{k}": v for k, v in self.vans.serving().items()},
                **{f"knrs/{k}": v for k, v in self.knrs_weights.arrays().items()},
                **{f"cnle/{k}": v for k, v in self.temperatures.arrays().items()},
                **{f"retriever/{k}": v for k, v in self.retriever.arrays().items()},
                **{f"order/{k}": v for k, v in self.order.arrays().items()},
                **{f"{n}/{k}": v for n, one in self._of_titles for k, v in one.serving().items()},
            }
        else:
            arrays = {
                **{f"vans/{k}": v for k, v in self.vans.snapshot().items()},
                **{f"knrs/{k}": v for k, v in self.knrs.snapshot().items()},
                **{f"cnle/{k}": v for k, v in self.calibration.snapshot().items()},
                **{f"retrieval/{k}": v for k, v in self.retrieval.snapshot().items()},
                **{f"{n}/{k}": v for n, one in self._of_titles for k, v in one.snapshot().items()},
                "recent": np.frombuffer(self.recent.to_bytes(), "<u8"),
            }
        return ModelSnapshot(
            model=name,
            version=self.version,
            feature_set=set_name(self.features),
            n_examples=self.n_examples,
            created_at=instant(self.newest_s),
            arrays={name: pack(array) for name, array in sorted(arrays.items())},
            applied=dict(sorted(self.applied.items())),
            metrics=self._metrics(),
            features=tuple(
                FeatureColumn(name=one.name, is_context=one.is_context, is_gated=one.is_gated)
                for one in self.features
            ),
            sentence_model="" if self.sentence_model == "none" else self.sentence_model,
        )

    @classmethod
    def restore(
        cls,
        knrs: KnrsConfig,
        vans: VansConfig,
        snapshot: ModelSnapshot,
        features: tuple[Feature, ...] = VANS_FEATURES,
        *,
        sentence_model: str = "none",
    ) -> Learner:
        """Go on from a `STATE` snapshot as if there had been no stop.

        What it holds of the vectors of another sentence model is left out.

        Raises
        ------
        ModelError
            The snapshot is of another feature set or kind, or damaged.
        """
        check_name(snapshot, STATE)
        if snapshot.feature_set != set_name(features):
            raise of_another_set(snapshot, features)
        arrays = unpacked(snapshot.arrays)
        learner = cls(knrs, vans, features, sentence_model=sentence_model)
        learner.vans = Vans.restore(features, vans, under("vans", arrays))
        learner.knrs.load(under("knrs", arrays))
        learner.calibration.load(under("cnle", arrays))
        learner.retrieval.load(under("retrieval", arrays))
        for name, one in (("fit", learner.fit), ("student", learner.student)):
            stored = under(name, arrays)
            if stored and snapshot.sentence_model == sentence_model:
                one.load(stored, name=name)
        learner.recent = _recent_of(arrays)
        learner.n_examples = snapshot.n_examples
        learner.version = snapshot.version
        learner.newest_s = seconds(snapshot.created_at)
        learner.applied = dict(snapshot.applied)
        return learner

    @property
    def fits(self) -> TitleFits:
        """How titles go with what was read; they go on learning."""
        return TitleFits(self.fit.fit, self.student.fit)

    @property
    def _of_titles(self) -> list[tuple[str, TitleFitLearner]]:
        """Those of them that were taught anything, by their names in a snapshot."""
        both = (("fit", self.fit), ("student", self.student))
        return [(name, one) for name, one in both if one.n_learned]

    def _metrics(self) -> dict[str, float]:
        """Say how CnLE is used; nothing where it is not."""
        latest = self.calibration.latest
        if latest is None:
            return {}
        trust = {f"trust/{length}": value for length, value in self.trust().items()}
        return {"temperature": latest.value, **trust}


def _arrays(
    example: Example, columns: Mapping[str, tuple[str, ...]], ours: tuple[Feature, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n = len(example.articles)
    names = columns.get(example.feature_set)
    if names is None:
        msg = (
            f"feature_set must be {set_name(ours)!r} or one a snapshot has named, "
            f"got {example.feature_set!r}: the worker that sent it runs another version"
        )
        raise BadMessage(msg)
    wanted = (4 * n * len(names), 4 * n * len(METRICS), n)
    got = (len(example.features), len(example.metrics), len(example.clicked))
    if wanted != got or n == 0:
        msg = (
            f"features, metrics and labels of {n} articles must be {wanted} "
            f"(bytes, bytes, labels; at least one article), got {got}"
        )
        raise BadMessage(msg)
    features = np.frombuffer(example.features, "<f4")
    metrics = np.frombuffer(example.metrics, "<f4")
    if not (np.isfinite(features).all() and np.isfinite(metrics).all()):
        msg = f"features of example {example.example_id!r} must be finite"
        raise BadMessage(msg)
    return (
        _by_name(features.reshape(n, -1).astype(np.float64), names, ours),
        metrics.reshape(n, -1).astype(np.float64),
    )


def _by_name(
    features: NDArray[np.float64], names: tuple[str, ...], ours: tuple[Feature, ...]
) -> NDArray[np.float64]:
    """Put columns into their places by name; what was not there is 0, and teaches nothing."""
    wanted = tuple(one.name for one in ours)
    if names == wanted:
        return features
    columns = columns_by_name(wanted, names)
    placed = np.zeros((len(features), len(wanted)))
    placed[:, columns >= 0] = features[:, columns[columns >= 0]]
    return placed


def _recent_of(arrays: Arrays) -> RecentIds:
    recent = arrays.get("recent")
    if recent is None or recent.dtype != np.uint64 or recent.size % 2:
        msg = (
            "snapshot's 'recent' must hold pairs of id and offset as uint64, and does not: "
            "roll back to an earlier snapshot"
        )
        raise ModelError(msg)
    return RecentIds.from_bytes(_RECENT_EXAMPLES, recent.tobytes())
