"""The variables that settings are made of: which are missing, wrong or misspelt."""

import difflib
import os
from collections.abc import Iterable, Sequence

from agent.doctor.finding import Finding, ok, problem, warning
from agent.doctor.place import Place
from agent.doctor.setup import known_variables

_FILL_IN = "Copy .env.example to .env (`cp .env.example .env`), and fill in the first three; docs/supabase.md says how."


def look_at_settings(place: Place) -> Finding:
    """Every variable that is missing, wrong or misspelt."""
    setup = place.setup
    if setup.nothing_set:
        return _without_a_project(setup.signs)
    if setup.file_error:
        return problem("\n".join(setup.errors), "Save .env as UTF-8, with rights to read it.")
    if setup.errors:
        missing = any(each.endswith(("is not set.", "example's.")) for each in setup.errors)
        return problem(
            "\n".join(setup.errors),
            _FILL_IN if missing else "Set it in the environment or in .env; .env.example lists every setting.",
        )
    if setup.unknown:
        return warning(f"No setting is called {', '.join(setup.unknown)}.", _meant(setup.unknown))
    return ok(".env and the environment" if os.path.exists(".env") else "the environment, as there is no .env")


def _without_a_project(signs: Sequence[str]) -> Finding:
    """What else is set says whether an agent is meant."""
    wanted = "SUPABASE_URL and SUPABASE_KEY"
    if signs:
        more = f" and {len(signs) - 1} more" if len(signs) > 1 else ""
        return problem(
            f"{wanted} are not set, and {signs[0]}{more} says that an agent is meant.",
            f"Set them in the environment (docs/supabase.md says how). Or: {_FILL_IN[0].lower()}{_FILL_IN[1:]}",
        )
    return warning(
        "No Supabase project is set; `arena demo` and `arena compare` need none.",
        f"For an agent: {_FILL_IN[0].lower()}{_FILL_IN[1:]}",
        wanted,
    )


def _meant(unknown: Iterable[str]) -> str:
    near = {name: difflib.get_close_matches(name, known_variables(), n=1, cutoff=0.7) for name in unknown}
    words = [f"Write {found[0]} for {name}." for name, found in near.items() if found]
    return " ".join([*words, ".env.example lists every setting."])
