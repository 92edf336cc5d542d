"""From a request to a slate: select, freeze the features, score, explain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from cherryrec.catalogue import MISSING, Catalogue
from cherryrec.cnle import evaluation_request
from cherryrec.co_reads import CoReads
from cherryrec.events import (
    Degraded,
    Evaluation,
    EvaluationRequest,
    PromptProfile,
    Recommendation,
    RecommendationRequest,
    Recommended,
    Rung,
    instant,
    seconds,
)
from cherryrec.features import column, feature_matrix, of_width, width_with, with_evaluations
from cherryrec.knrs import KnrsConfig, Observe, Selection, select
from cherryrec.knrs.contrast import contrast_of
from cherryrec.open_requests import Frozen, OpenRequest
from cherryrec.pipeline.explanation import EXPLAINED, explain, in_catalogue
from cherryrec.pipeline.models import Models, Scores
from cherryrec.pipeline.stages import FIRST, best_first, first_scores, stage_of
from cherryrec.pipeline.trials import NO_TRIALS, TrialsConfig, with_trials
from cherryrec.profile import Profile
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory
from cherryrec.vans import Scored

__all__ = ["ask", "open_request", "recommend"]

_NEWS_VALUE = column("news_value")
_PROMPT_HISTORY = 20
_PROMPT_INTERESTS = 5


def open_request(
    catalogue: Catalogue,
    reader: Reader,
    slates: SlateMemory,
    request: RecommendationRequest,
    *,
    config: KnrsConfig,
    models: Models,
    co_reads: CoReads | None = None,
    taught_share: float = 1.0,
    observe: Observe | None = None,
) -> tuple[OpenRequest, Frozen]:
    """Select the candidates and freeze all that scoring and learning will need of them.

    What to learn against is drawn for `taught_share` of the requests with given candidates;
    `observe` is told what was considered of the whole catalogue.
    """
    selection = select(
        catalogue,
        reader,
        request,
        config,
        models.knrs_weights,
        retriever=models.retriever,
        co_reads=co_reads,
        site_share=slates.site_share,
        taught_share=taught_share,
        observe=observe,
    )
    requested_s = seconds(request.requested_at)
    features = feature_matrix(catalogue, reader, slates, selection, requested_s, fits=models.fits)
    entry = OpenRequest(
        request_id=request.request_id,
        requested_s=requested_s,
        slate_size=request.slate_size,
        is_cold=selection.is_cold,
        is_given=request.candidates is not None,
    )
    frozen = Frozen(
        articles=tuple(catalogue.ids[row] for row in selection.rows.tolist()),
        features=features.tobytes(),
        metrics=selection.metrics.astype("<f4").tobytes(),
        dropped=selection.dropped,
        signals=selection.signals.astype("<f4").tobytes(),
        sources=selection.sources,
        others=selection.others,
        reader=reader.title_vector.astype("<f2").tobytes(),
        sentence_model=catalogue.sentences.model if catalogue.sentences else "",
    )
    rivals = selection.rivals
    if rivals is None or not len(features):
        return entry, frozen
    # One slate: features compare articles with the others, and must tell nobody who was given.
    together = Selection(
        np.concatenate((selection.rows, rivals.rows)),
        np.concatenate((selection.metrics, rivals.metrics)),
        np.concatenate((selection.values, rivals.values)),
        np.concatenate((selection.signals, rivals.signals)),
    )
    matrix = feature_matrix(catalogue, reader, slates, together, requested_s, fits=models.fits)
    scores = models.scorer.scores(matrix.astype(np.float64))
    n = len(features)
    drawn = contrast_of(
        catalogue, rivals.rows, rivals.signals, n_all=rivals.n_all, scores=scores[n:]
    )
    frozen = msgspec.structs.replace(
        frozen,
        scores=np.where(rivals.is_kept, scores[:n], np.nan).astype("<f4").tobytes(),
        rivals=drawn,
    )
    return entry, frozen


def ask(
    catalogue: Catalogue,
    profile: Profile,
    articles: Sequence[str],
    *,
    request: RecommendationRequest,
    expires_at: float,
) -> EvaluationRequest:
    """Put CnLE's question about the best candidates of a request."""
    candidates = []
    for article_id in articles:
        row = catalogue.row_of.get(article_id)
        if row is not None and catalogue.titles[row]:
            category = catalogue.categories.name(int(catalogue.category[row]))
            candidates.append((article_id, catalogue.titles[row], category))
    return evaluation_request(
        request_id=request.request_id,
        user_id=request.user_id,
        candidates=candidates,
        profile=_prompt_profile(catalogue, profile),
        expires_at=expires_at,
    )


def _prompt_profile(catalogue: Catalogue, profile: Profile) -> PromptProfile:
    rows = catalogue.known_rows([past.article_id for past in profile.history])
    titles = [catalogue.titles[row] for row in rows if catalogue.titles[row]]
    counts = np.bincount(catalogue.category[rows], minlength=1)
    counts[0] = 0
    order = sorted(
        np.flatnonzero(counts).tolist(), key=lambda c: (-counts[c], catalogue.categories.name(c))
    )
    return PromptProfile(
        role=profile.role,
        fields=profile.fields,
        collections=profile.collections,
        interests=tuple(catalogue.categories.name(c) for c in order[:_PROMPT_INTERESTS]),
        history=tuple(titles[-_PROMPT_HISTORY:]),
    )


def recommend(
    catalogue: Catalogue,
    entry: OpenRequest,
    frozen: Frozen,
    models: Models,
    *,
    user_id: str,
    evaluation: Evaluation | None,
    degraded: Degraded | None,
    answered_by: str | None = None,
    trials: TrialsConfig = NO_TRIALS,
    n_explained: int = EXPLAINED,
) -> tuple[Recommendation, OpenRequest, Frozen]:
    """Score an open request and explain it.

    An article that was retracted or put under embargo since the selection is left out. While
    nothing is known of any candidate, the newest of every category come first (`stages`). Ties go
    by news value, newness, and a hash of request and article. `n_explained` contributions of each
    article are named.

    Returns
    -------
    The recommendation, the entry as ranked, and its features with the evaluations in them.
    """
    evaluations = evaluation.evaluations if evaluation is not None else {}
    temperature = models.temperatures.of(evaluation.model) if evaluation is not None else 1.0
    stored = of_width(frozen.feature_array(), width_with(catalogue))
    features = with_evaluations(stored, frozen.articles, evaluations, temperature=temperature)
    stage = stage_of(features, models.scorer.trust)
    scored = _score(models.scorer, features.astype(np.float64))
    signals = frozen.signal_array().astype(np.float64)
    is_of_catalogue = not entry.is_given and signals.size > 0
    if stage == "news_value" and is_of_catalogue and models.order.is_learned:
        stage = "prior"  # of clicks alone VaNS learns nothing, and the order does
    is_first = stage in {"newest", "news_value"}
    if is_of_catalogue and not is_first:
        frozen = msgspec.structs.replace(frozen, scores=scored.scores.astype("<f4").tobytes())
        scored = in_catalogue(scored, signals, models.order)
    scores: list[float] = scored.scores.tolist()
    if is_first:
        codes = _categories(catalogue, frozen.articles)
        reasons = first_scores(features, codes, scored.scores)  # (n, 3)
        scores = reasons.sum(axis=1).tolist()
    order = best_first(
        _may_show(catalogue, frozen.articles),
        scores,
        features,
        frozen.articles,
        request_id=entry.request_id,
    )
    shown, tried = with_trials(
        order,
        features,
        frozen.articles,
        request_id=entry.request_id,
        slate_size=entry.slate_size,
        config=NO_TRIALS if entry.is_given or stage in {"newest", "news_value"} else trials,
    )
    explained = (
        [dict(zip(FIRST, row, strict=True)) for row in reasons[shown].tolist()]
        if is_first
        else explain(scored, shown, n_most=n_explained)
    )
    slate = tuple(
        Recommended(
            article_id=frozen.articles[i],
            position=position,
            score=scores[i],
            news_value=float(features[i, _NEWS_VALUE]),
            contributions=contributions,
            evaluation=evaluations.get(frozen.articles[i]),
            is_trial=i in tried,
            source=frozen.sources[i] if frozen.sources else None,
        )
        for position, (i, contributions) in enumerate(zip(shown, explained, strict=True))
    )
    versions: dict[str, int | str] = {"models": models.version}
    if evaluation is not None and evaluation.model:
        versions |= {"evaluator": evaluation.model, "prompt": evaluation.prompt}
    recommendation = Recommendation(
        request_id=entry.request_id,
        user_id=user_id,
        requested_at=instant(entry.requested_s),
        slate=slate,
        degraded="catalogue_cold" if entry.is_cold else degraded,
        rung=_rung(entry, evaluation),
        stage=stage,
        tokens=evaluation.tokens if evaluation is not None else 0,
        versions=versions,
        temperature=temperature if evaluations else None,
        dropped=frozen.dropped,
    )
    ranked = msgspec.structs.replace(
        entry,
        expires_at=None,
        answered_by=answered_by,
        degraded=degraded,
        evaluator=evaluation.model if evaluation is not None else entry.evaluator,
        temperature=temperature if evaluation is not None else entry.temperature,
    )
    return recommendation, ranked, msgspec.structs.replace(frozen, features=features.tobytes())


def _may_show(catalogue: Catalogue, articles: Sequence[str]) -> Iterable[int]:
    """Return the places of the articles that are not withheld."""
    places, withheld = range(len(articles)), catalogue.withheld(articles)
    return [i for i in places if articles[i] not in withheld] if withheld else places


def _categories(catalogue: Catalogue, articles: Sequence[str]) -> NDArray[np.int64]:
    """Return the category of each article as a code; that of none for one that has left."""
    rows = [catalogue.row_of.get(article_id) for article_id in articles]
    codes = [MISSING if row is None else int(catalogue.category[row]) for row in rows]
    return np.array(codes, np.int64)


def _rung(entry: OpenRequest, evaluation: Evaluation | None) -> Rung:
    """Name the step of the ladder."""
    if entry.is_cold:
        return "popular"
    if evaluation is None or not evaluation.evaluations:
        return "unevaluated"
    return "cached" if evaluation.cached else "evaluated"


def _score(scorer: Scores, features: NDArray[np.float64]) -> Scored:
    """Score a slate; one without articles has no spread to be standardised by."""
    if not len(features):
        return Scored(np.zeros(0), features, np.zeros((0, 0)))
    return scorer.score(features)
