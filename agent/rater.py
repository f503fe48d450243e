"""Keeps the ratings up with the results."""

import logging
import time
from collections.abc import Callable

import structlog

from agent.errors import NotMigrated, StoreError, StoreUnavailable
from agent.store import RatingStore, StaleTallies
from benchmark import rate

_log = structlog.stdlib.get_logger(__name__)


class Rater:
    """Rates the machines that have new results, whichever agent they are from. It never fails: ratings can wait."""

    def __init__(self, store: RatingStore) -> None:
        self._store = store
        self._has_warned = False

    def rate(self, should_stop: Callable[[], bool] = lambda: False) -> None:
        """Make the ratings that are out of date anew; what goes wrong is logged and left for the next time."""
        try:
            for stale in self._store.stale_tallies():
                if should_stop():
                    return
                self._rate_or_leave(stale)
        except NotMigrated as error:
            self._warn_once(error)
        except Exception as error:
            _leave(error)

    def _rate_or_leave(self, stale: StaleTallies) -> None:
        """What is wrong with one machine's ratings is not with the others'. Raises StoreUnavailable, NotMigrated."""
        try:
            self._rate(stale)
        except (StoreUnavailable, NotMigrated):
            raise  # the next would only wait for as long
        except Exception as error:
            _leave(error)

    def _rate(self, stale: StaleTallies) -> None:
        started = time.perf_counter()
        ratings = rate(stale.tallies)
        is_written = self._store.put_ratings(stale, ratings)
        took_ms = round(1000 * (time.perf_counter() - started), 1)
        _log.info("rated", action="rated", models=len(ratings), written=is_written, took_ms=took_ms)

    def _warn_once(self, error: NotMigrated) -> None:
        """The database may be upgraded while the agent lives, and until then it is asked after every job."""
        level = logging.DEBUG if self._has_warned else logging.WARNING
        _log.log(level, f"no ratings are made: {error}", action="rating_impossible")
        self._has_warned = True


def _leave(error: Exception) -> None:
    unforeseen = not isinstance(error, StoreError)
    _log.warning(f"the ratings are left for later: {error}", action="rating_failed", exc_info=unforeseen)
