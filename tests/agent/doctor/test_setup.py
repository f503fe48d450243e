"""Settings that are missing, wrong or misspelt, and what is read in spite of it."""

from pathlib import Path

import pytest

from agent.doctor import read_setup
from agent.doctor.variables import look_at_settings
from agent.settings import CACHE_DIR
from local import LocalStack
from tests.agent.doctor.conftest import MakePlace

SOUND = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_KEY": "sb_secret_of_a_test"}


def test_a_new_clone_lacks_a_project_and_is_otherwise_sound(place: MakePlace) -> None:
    new = place()
    found = look_at_settings(new)
    assert found.state == "warning"
    assert "No Supabase project is set" in found.found
    assert "cp .env.example .env" in str(found.mend)
    assert not new.setup.has_url
    assert new.settings.cache_dir == CACHE_DIR


@pytest.mark.parametrize("variable", ["RUNPOD_POD_ID", "ARENA_DEVICE", "SUPABASE_PUBLISHABLE_KEY"])
def test_where_an_agent_is_meant_a_project_must_be_set(place: MakePlace, variable: str) -> None:
    found = look_at_settings(place(**{variable: "cpu"}))
    assert found.state == "problem"
    assert f"{variable} says that an agent is meant" in found.found


def test_a_line_of_the_file_says_that_an_agent_is_meant_too(place: MakePlace) -> None:
    Path(".env").write_text("ARENA_COUNTRY=DEU\nARENA_THREADS=2\nSUPABASE_URL=\n")
    assert "ARENA_COUNTRY and 1 more says that" in look_at_settings(place()).found


def test_a_file_that_cannot_be_read_hides_nothing_else(place: MakePlace) -> None:
    Path(".env").write_bytes("ARENA_AGENT_NAME=Zoë".encode("latin-1"))
    here = place(SUPABASE_URL="https://abc.supabase.co", ARENA_POLL_SECONDS="7")
    found = look_at_settings(here)
    assert (found.state, found.mend) == ("problem", "Save .env as UTF-8, with rights to read it.")
    assert found.found == ".env cannot be read: it is not UTF-8.\nSUPABASE_KEY is not set."
    assert here.settings.poll_seconds == 7
    assert here.setup.has_url


def test_sound_settings_say_where_they_are_from(place: MakePlace) -> None:
    found = look_at_settings(place(**SOUND))
    assert (found.state, found.found) == ("ok", "the environment, as there is no .env")
    Path(".env").write_text("ARENA_COUNTRY=DEU\n")
    assert look_at_settings(place()).found == ".env and the environment"


def test_every_error_is_named_and_what_is_right_is_read(place: MakePlace, stack: LocalStack, tmp_path: Path) -> None:
    wrong = place(
        SUPABASE_URL=stack.url, SUPABASE_KEY=stack.publishable_key, ARENA_POLL_SECONDS="soon", ARENA_STOP_POD="true",
        ARENA_CACHE_DIR=str(tmp_path / "mine"),
    )  # fmt: skip
    found = look_at_settings(wrong)
    assert found.state == "problem"
    assert [line.split()[0] for line in found.found.splitlines()] == [
        "SUPABASE_KEY", "ARENA_POLL_SECONDS", "ARENA_STOP_POD"
    ]  # fmt: skip
    assert stack.publishable_key not in found.found
    assert (wrong.setup.has_url, wrong.setup.has_key) == (True, False)
    assert wrong.settings.url == stack.url
    assert wrong.settings.cache_dir == tmp_path / "mine"
    assert wrong.settings.poll_seconds == 5.0


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (lambda stack: stack.keys.sign("anon"), "it is a key of the role anon, which claims no jobs"),
        (lambda stack: stack.keys.sign("arena_agent", lifetime_s=-60), "mint a new one with `arena agent-key`"),
        (lambda stack: stack.keys.sign("arena_agent"), "SUPABASE_PUBLISHABLE_KEY is not set"),
    ],
    ids=["another role", "ended", "alone"],
)  # fmt: skip
def test_a_key_that_could_do_nothing_is_not_tried(place: MakePlace, stack: LocalStack, key: object, said: str) -> None:
    assert callable(key)
    wrong = place(SUPABASE_URL=stack.url, SUPABASE_KEY=key(stack))
    assert said in look_at_settings(wrong).found
    assert not wrong.setup.has_key


def test_the_example_copied_and_not_filled_in_is_noticed(place: MakePlace) -> None:
    Path(".env").write_text((Path(__file__).parents[3] / ".env.example").read_text("utf-8"))
    copied = place()
    found = look_at_settings(copied)
    assert found.state == "problem"
    assert "SUPABASE_URL is still the example's." in found.found
    assert not copied.setup.has_url


def test_a_misspelt_setting_is_named_with_what_was_meant(place: MakePlace) -> None:
    found = look_at_settings(place(**SOUND, ARENA_CONTRY="DEU"))
    assert found.state == "warning"
    assert "Write ARENA_COUNTRY for ARENA_CONTRY." in str(found.mend)


def test_every_setting_is_known() -> None:
    Path(".env").write_text((Path(__file__).parents[3] / ".env.example").read_text("utf-8").replace("# ARENA", "ARENA"))
    assert read_setup().unknown == ()
