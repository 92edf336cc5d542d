"""A network as a baseline of protocol C: it learns along the log, and never from what comes after.

Every so much event time it goes over the reading of all who have read since, from the weights that
it has. So it is what a site could run: an article that nobody had read at the last fit is unknown
to it. Fitting anew on everything so far would cost a whole training each time.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from cherryrec.evaluation.baselines.readings import Readings
from cherryrec.evaluation.retrieval import ArticleCodes, Moment, Offer
from gpu_worker.sequential.config import NetworkConfig
from gpu_worker.sequential.growing import Make, grown, optimiser_of
from gpu_worker.sequential.modules import SequenceModule
from gpu_worker.sequential.windows import batches_of, trimmed, windows_of

__all__ = ["PrequentialNetwork"]

Floats = NDArray[np.float64]


class PrequentialNetwork:
    """A network that is fitted every `refit_s` on the last window of everyone who has read since.

    A reader without a history, and everyone before the first fit, gets what was read most. Articles
    that stood in no window of a fit come after all others.

    Memory: that of `Readings`, and of a network over the articles of the log.

    Parameters
    ----------
    make
        The network, from the number of articles and the settings.
    title
        The row of the tables.
    config
        Sizes and optimiser; its `patience` and `max_epochs` have no place here.
    seed
        Of weights, order, dropout and masks.
    refit_s
        Event time between fits, in seconds; above 0.
    n_epochs
        Passes over the windows of a fit; above 0.
    """

    def __init__(
        self,
        make: Make,
        *,
        title: str,
        config: NetworkConfig | None = None,
        seed: int = 0,
        refit_s: float = 600.0,
        n_epochs: int = 8,
    ) -> None:
        self.name = title
        self._make, self._config = make, config or NetworkConfig()
        self._refit_s, self._n_epochs = refit_s, n_epochs
        self._readings = Readings(n_read=self._config.max_length + 1)
        self._codes = ArticleCodes()
        self._reads: dict[int, int] = {}  # by code
        self._changed: dict[int, None] = {}  # slots of who has read since the last fit
        self._next_fit_s: float | None = None
        self._is_known = np.zeros(1, bool)  # by code, in a window of a fit
        self._module: SequenceModule | None = None
        self._optimiser: torch.optim.AdamW | None = None
        self._chance = torch.Generator().manual_seed(seed).get_state()

    def score(self, offer: Offer) -> Floats:
        """Return what comes next by the network of the last fit, (n,)."""
        codes = self._codes.of_rows(offer.catalogue, offer.rows)  # (n,)
        read = [self._codes.find(one) for one in self._readings.read_by(offer.moment.reading)]
        read = [code for code in read if code < len(self._is_known) and self._is_known[code]]
        if self._module is None or not read:
            return np.array([self._reads.get(code, 0) for code in codes.tolist()], np.float64)
        window = np.array(read, np.int32) - 1
        scores = self._scores(self._module, window)  # (A,)
        by_code = np.full(max(len(self._codes), len(scores) + 1), scores.min() - 1.0)
        known = np.flatnonzero(self._is_known)
        by_code[known] = scores[known - 1]
        return np.asarray(by_code[codes])

    def learn(self, moment: Moment) -> None:
        """Keep what was read, and fit when it is time to."""
        if self._next_fit_s is None:
            self._next_fit_s = moment.time_s + self._refit_s
        elif moment.time_s >= self._next_fit_s:
            self._fit()
            self._next_fit_s = moment.time_s + self._refit_s
        self._readings.learn(moment.reading)
        slot = self._readings.slot(moment.user_id)
        assert slot is not None, "who has just been learned is kept"
        self._changed[slot] = None
        for article_id in moment.clicked:
            code = self._codes.code(article_id)
            self._reads[code] = self._reads.get(code, 0) + 1

    def _fit(self) -> None:
        """Go over the windows of those who have read since, from the weights that there are."""
        code = self._codes.code
        slots, self._changed = self._changed, {}
        read = [[code(one) - 1 for one in self._readings.read_in(slot)] for slot in slots]
        sequences = [np.array(one, np.int32) for one in read if len(one) > 1]
        if not sequences:
            return
        n_articles = len(self._codes) - 1
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._chance)
            module, optimiser = self._widened(n_articles)
            windows = torch.from_numpy(
                windows_of(sequences, self._config.max_length + 1, padding=n_articles)
            )  # (n, L + 1)
            lengths = (windows != n_articles).sum(dim=1)  # (n,)
            module.train()
            for _ in range(self._n_epochs):
                for rows in batches_of(lengths, self._config.batch_size):
                    optimiser.zero_grad()
                    loss = module.loss(trimmed(windows[rows], padding=n_articles))
                    loss.backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
            module.eval()
            self._chance = torch.get_rng_state()
        self._module, self._optimiser = module, optimiser
        is_known = np.zeros(n_articles + 1, bool)
        is_known[: len(self._is_known)] = self._is_known
        is_known[1 + np.unique(np.concatenate(sequences))] = True
        self._is_known = is_known

    def _widened(self, n_articles: int) -> tuple[SequenceModule, torch.optim.AdamW]:
        """Return the network and its optimiser over so many articles, new ones the first time."""
        if self._module is None or self._optimiser is None:
            module = self._make(n_articles, self._config)
            return module, optimiser_of(module, self._config)
        if n_articles == self._module.n_articles:
            return self._module, self._optimiser
        return grown(self._make, self._config, self._module, self._optimiser, n_articles)

    def _scores(self, module: SequenceModule, read: NDArray[np.int32]) -> Floats:
        """Return what comes after the articles read, (A,)."""
        windows = windows_of([read], self._config.max_length, padding=module.n_articles)
        with torch.no_grad():
            trimmed_rows = trimmed(torch.from_numpy(windows), padding=module.n_articles)
            return module.scores(trimmed_rows)[0].numpy().astype(np.float64)
