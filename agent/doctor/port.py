"""The port at which the agent tells how it is."""

import ipaddress
import json
import socket

import httpx

from agent.doctor.finding import Finding, ok, problem, skipped
from agent.doctor.place import Place

_ANSWER_SECONDS = 3.0


def look_at_metrics_port(place: Place) -> Finding:
    """Whether ARENA_METRICS_PORT is free, or an agent's already."""
    host, port = place.settings.metrics_host, place.settings.metrics_port
    if port == 0:
        return skipped("ARENA_METRICS_PORT is 0: nothing is served.")
    try:
        _bind(host, port)
    except OSError as error:
        if _is_an_agents(host, port):
            return ok(f"{_in_url(host)}:{port}, where an agent answers already")
        return problem(
            f"{_in_url(host)}:{port} cannot be had: {(error.strerror or str(error)).lower()}.",
            f"See who has it (`ss -ltnp 'sport = :{port}'`), or set ARENA_METRICS_PORT to a free one, or to 0.",
        )
    return ok(f"{_in_url(host)}:{port} is free")


def _bind(host: str, port: int) -> None:
    """Raises OSError. As the agent's server does, a port that was just left counts as free."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, kind) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(address)
        trial.listen()


def _is_an_agents(host: str, port: int) -> bool:
    try:
        answer = httpx.get(
            f"http://{_in_url(_reachable(host))}:{port}/healthz", timeout=_ANSWER_SECONDS, trust_env=False
        )
        return "alive" in json.loads(answer.text)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError):
        return False


def _reachable(host: str) -> str:
    """One of the addresses, where it stands for all of them."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
