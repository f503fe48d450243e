"""Asks the agent on this machine whether it is alive; for a container's HEALTHCHECK.

``python -m agent.health_probe`` exits with 0 if it is, or serves no health (``ARENA_METRICS_PORT=0``), with 1 if not,
and says so in a line. It imports the standard library only, since it runs every few seconds beside the models.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException

_PORT = 9464
_TIMEOUT_SECONDS = 3.0


def probe(port: int) -> str | None:
    """None if the agent at this port is alive, else what is wrong; takes at most about 3 s."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body = answer.read(2000).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as error:
        return f"no answer at port {port}: {type(error).__name__}"
    finally:
        connection.close()
    return None if answer.status == 200 else f"not alive: {body}"


def main() -> int:
    """Say how the agent is; gives the exit status."""
    port = os.environ.get("ARENA_METRICS_PORT") or str(_PORT)
    if port == "0":
        return _end(0, "health is not served")
    if not port.isdecimal():
        return _end(1, f"ARENA_METRICS_PORT is no port: {port}")
    problem = probe(int(port))
    return _end(1, problem) if problem else _end(0, "alive")


def _end(status: int, line: str) -> int:
    sys.stdout.write(f"{line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
