"""Asks the agent on this machine whether it is alive; for a container's HEALTHCHECK.

``python -m agent.health_probe`` exits with 0 if it is, or serves no health, and with 1 if not, and says so in a line.
It knows no setting: a running agent leaves word of where it is to be asked. It imports the standard library only, since
it runs every few seconds beside the models.
"""

import sys
from http.client import HTTPConnection, HTTPException

from agent.health_note import notes

_TIMEOUT_SECONDS = 3.0


def probe(host: str, port: int) -> str | None:
    """None if the agent there is alive, else what is wrong; takes at most about 3 s."""
    # Every address, 0.0.0.0 or ::, is this machine to whoever connects to it.
    connection = HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
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
    """Say how the agent is, or of several the first that is not alive; gives the exit status."""
    found = notes()
    if not found:
        return _end(1, "No agent runs here: it has not started yet, or has ended.")
    served = [(note.host, note.port) for note in found if note.port]
    for address in served:
        if problem := probe(*address):
            return _end(1, problem)
    return _end(0, "alive" if served else "health is not served")


def _end(status: int, line: str) -> int:
    sys.stdout.write(f"{line}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
