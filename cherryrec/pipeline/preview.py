"""What a request would be answered now, kept nowhere: for judging, and for looking beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from cherryrec.catalogue import Catalogue
from cherryrec.co_reads import CoReads
from cherryrec.events import Recommendation, RecommendationRequest
from cherryrec.knrs import KnrsConfig, Observe
from cherryrec.open_requests import OpenRequest
from cherryrec.pipeline.explanation import EXPLAINED
from cherryrec.pipeline.models import Models
from cherryrec.pipeline.ranking import open_request, recommend
from cherryrec.pipeline.trials import NO_TRIALS, TrialsConfig
from cherryrec.reader import Reader
from cherryrec.slates import SlateMemory

__all__ = ["Preview", "preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """The answer to a request that is not open.

    Parameters
    ----------
    kept
        Articles that KnRS has kept, best news value first.
    recommendation
        The slate, as a reader would get it.
    whole
        Returns a slate of all of `kept` in the order of the final score, of which the slate is the
        first but for trials, naming so many contributions of each; it ranks once more.
    """

    kept: tuple[str, ...]
    recommendation: Recommendation
    whole: Callable[[int], Recommendation] = field(compare=False)

    def ranked(self) -> tuple[str, ...]:
        """Return all of `kept` in the order of the final score; it ranks once more."""
        return tuple(item.article_id for item in self.whole(EXPLAINED).slate)


def preview(
    catalogue: Catalogue,
    reader: Reader,
    slates: SlateMemory,
    request: RecommendationRequest,
    *,
    config: KnrsConfig,
    models: Models,
    co_reads: CoReads,
    trials: TrialsConfig = NO_TRIALS,
    observe: Observe | None = None,
) -> Preview:
    """Select, score and explain as for a request, and change nothing.

    Candidates of which nothing has come are left out, as a request makes rows of the catalogue for
    them. Sums over the catalogue may be taken anew: call it within `Catalogue.looked_at`. `observe`
    is told what was considered of the whole catalogue.
    """
    if request.candidates is not None:
        known = tuple(a for a in request.candidates if catalogue.knows(a))
        request = msgspec.structs.replace(request, candidates=known)
    entry, frozen = open_request(
        catalogue,
        reader,
        slates,
        request,
        config=config,
        models=models,
        co_reads=co_reads,
        taught_share=0.0,
        observe=observe,
    )

    def answer(
        entry: OpenRequest, trials: TrialsConfig, n_explained: int = EXPLAINED
    ) -> Recommendation:
        """Rank the candidates."""
        return recommend(
            catalogue,
            entry,
            frozen,
            models,
            user_id=request.user_id,
            evaluation=None,
            degraded=None,
            trials=trials,
            n_explained=n_explained,
        )[0]

    def whole(n_explained: int) -> Recommendation:
        """Rank all that is kept."""
        longest = msgspec.structs.replace(entry, slate_size=max(len(frozen.articles), 1))
        return answer(longest, NO_TRIALS, n_explained)

    return Preview(frozen.articles, answer(entry, trials), whole)
