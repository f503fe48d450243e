"""A gate between agents and Supabase, which a test closes for some of their calls."""

import threading
from functools import partial

from tests.agent.web import Request, Web

_FUNCTIONS = ("register_agent", "claim_job", "renew_lease", "complete_job", "fail_job", "release_job")


class Held:
    """Calls of one function, which wait at the gate: before Supabase has heard of them, or with its answer."""

    def __init__(self, url: str, *, answered: bool) -> None:
        self._url, self._answered = url, answered
        self._decided = threading.Event()
        self._lost = False
        self.arrived = threading.Event()

    def __call__(self, request: Request) -> None:
        answer = request.send_on(self._url) if self._answered else None
        self.arrived.set()
        self._decided.wait()
        if self._lost:
            request.hang_up()
        elif answer is not None:
            request.send(answer.status_code, answer.content, {"Content-Type": answer.headers["Content-Type"]})
        else:
            request.pass_on(self._url)

    def let_go(self) -> None:
        """Let them through, and those that come later."""
        self._decided.set()

    def lose(self) -> None:
        """Let none through any more that has not gone."""
        self._lost = True
        self._decided.set()


class Gate:
    """Passes on what agents call, but for what is held; Realtime does not go through it."""

    def __init__(self, web: Web, url: str) -> None:
        self._web, self._url = web, url
        self._held: list[Held] = []
        for function in _FUNCTIONS:
            web.answers[_path(function)] = partial(Request.pass_on, url=url)

    @property
    def settings(self) -> dict[str, str]:
        """What leads an agent through the gate."""
        return {"SUPABASE_URL": self._web.url(), "ARENA_REALTIME": "false"}

    def hold(self, function: str, *, answered: bool = False) -> Held:
        """Hold all calls of a function from now on; ``answered`` ones have been carried out by Supabase."""
        held = Held(self._url, answered=answered)
        self._held.append(held)
        self._web.answers[_path(function)] = held
        return held

    def close(self) -> None:
        """Lose what is still held."""
        for held in self._held:
            if not held._decided.is_set():
                held.lose()


def _path(function: str) -> str:
    return f"/rest/v1/rpc/{function}"
