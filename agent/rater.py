"""Keeps the ratings up with the results."""

import time

import structlog

from agent.errors import NotMigrated, StoreError
from agent.store import RatingStore
from benchmark import rate

_log = structlog.stdlib.get_logger(__name__)


class Rater:
    """Rates the machines that have new results, whichever agent they are from. It never fails: ratings can wait."""

    def __init__(self, store: RatingStore) -> None:
        self._store = store
        self._is_possible = True

    def rate(self) -> None:
        """Make the ratings that are out of date anew; what goes wrong is logged and left for the next time."""
        if not self._is_possible:
            return
        try:
            self._rate_all()
        except NotMigrated as error:
            self._is_possible = False
            _log.warning(f"no ratings are made: {error}", action="rating_impossible")
        except StoreError as error:
            _log.warning(f"the ratings are left for later: {error}", action="rating_failed")
        except Exception:
            _log.exception("the ratings are left for later", action="rating_failed")

    def _rate_all(self) -> None:
        for stale in self._store.stale_tallies():
            started = time.perf_counter()
            ratings = rate(stale.tallies)
            is_newest = self._store.put_ratings(stale, ratings)
            took_ms = round(1000 * (time.perf_counter() - started), 1)
            _log.info("rated", action="rated", models=len(ratings), written=is_newest, took_ms=took_ms)
