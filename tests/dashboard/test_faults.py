"""What a person sees when the page itself is set up wrongly, or breaks."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from local import LocalStack
from tests.dashboard.conftest import OpenPage
from tests.dashboard.rows import Connection


def configured(**config: Any) -> Callable[[Page], None]:
    """Serves another config.json."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="application/json", body=json.dumps(config))

    def lay(page: Page) -> None:
        page.route("**/config.json", answer)

    return lay


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "no publishable key is set"),
        ({"publishableKey": "sb_secret_x"}, "holds a secret key"),
        ({"publishableKey": "k", "supabaseUrl": "abc.supabase.co"}, 'supabaseUrl is "abc.supabase.co"'),
    ],
)
def test_a_wrong_configuration_says_what_to_do(open_page: OpenPage, config: dict[str, str], words: str) -> None:
    page = open_page(before=configured(**config))
    expect(page.get_by_role("heading", name="not set up yet")).to_be_visible()
    expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_text("Put a config.json with supabaseUrl and publishableKey")).to_be_visible()


def test_a_wrong_key_is_not_called_a_bad_connection(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/results", may_break=True, before=configured(publishableKey="sb_publishable_x"))
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("cannot be reached")).to_have_count(0)
    expect(page.get_by_role("alert")).to_contain_text(re.compile("key", re.IGNORECASE))


def test_a_page_of_an_older_build_offers_to_load_anew(site: LocalStack, open_page: OpenPage) -> None:
    """Its parts are gone from the host once a new one is deployed."""
    page = open_page(may_break=True, before=lambda page: page.route("**/assets/results-*", lambda route: route.abort()))
    page.get_by_role("link", name="Results").click()
    expect(page.get_by_role("heading", name="This page broke")).to_be_visible()
    page.get_by_role("link", name="Arena", exact=True).click()
    expect(page.get_by_role("button", name="Start the battle")).to_be_visible()
    page.unroute("**/assets/results-*")
    page.goto(f"{site.url}/#/results")
    page.get_by_role("button", name="Load anew").click()
    expect(page.get_by_text("No results yet")).to_be_visible()


def test_without_a_store_the_page_works_all_the_same(open_page: OpenPage, database: Connection) -> None:
    """Some browsers forbid it."""
    forbid = (
        "for (const of of ['localStorage', 'sessionStorage']) Storage.prototype.setItem = () => { throw Error(of) }"
    )
    page = open_page(before=lambda page: page.add_init_script(forbid))
    page.get_by_role("button", name="Change to the dark theme").click()
    expect(page.get_by_role("button", name="Change to the light theme")).to_be_visible()
    page.get_by_role("tab", name="Paste addresses").click()
    page.get_by_role("textbox").fill("https://images.test/1.jpg, 4")
    expect(page.get_by_text("1 image with 4 cars.").first).to_be_visible()


def test_another_page_begins_at_its_top(open_page: OpenPage, database: Connection) -> None:
    page = open_page()
    page.get_by_role("button", name="Start the battle").scroll_into_view_if_needed()
    assert page.evaluate("() => window.scrollY") > 0
    page.get_by_role("link", name="Live").click()
    expect(page.get_by_text("No battle yet")).to_be_visible()
    assert page.evaluate("() => [window.scrollY, document.activeElement.id]") == [0, "main"]
