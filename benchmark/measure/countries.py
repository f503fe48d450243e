"""Countries whose electricity codecarbon knows."""

import difflib
import importlib.util
import json
from functools import cache
from pathlib import Path

from benchmark.errors import UnknownCountry


def check_country(country: str | None) -> None:
    """Raises UnknownCountry: codecarbon itself would take a world average in silence."""
    if country is None or country in known_countries():
        return
    near = difflib.get_close_matches(country.upper(), known_countries(), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UnknownCountry(f"{country!r} is not a country code that is known; use ISO-3, as DEU or USA.{hint}")


@cache
def known_countries() -> frozenset[str]:
    """ISO-3 codes. Read from codecarbon's data without importing it, which takes a second."""
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or spec.origin is None:
        return frozenset()
    data = Path(spec.origin).parent / "data" / "private_infra" / "global_energy_mix.json"
    return frozenset(json.loads(data.read_text("utf-8")))
