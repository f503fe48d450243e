"""Results, ratings and histories, also when there are many."""

import re
from collections.abc import Sequence

from playwright.sync_api import Page, Route, expect
from psycopg.types.json import Jsonb

from agent.rater import Rater
from agent.store import StaleTallies
from agent.supabase_store import rating_row
from benchmark import Rating, Tally
from tests.agent.rows import A, B
from tests.dashboard.conftest import OpenPage
from tests.dashboard.rows import Connection, insert_many_results, insert_result


class DatabaseRatings:
    """RatingStore by plain SQL."""

    def __init__(self, database: Connection) -> None:
        self._database = database

    def stale_tallies(self) -> list[StaleTallies]:
        rows = self._database.execute("select * from public.stale_tallies()").fetchall()
        return [StaleTallies(r["machine"], r["version"], [Tally(**each) for each in r["tallies"]]) for r in rows]

    def put_ratings(self, of: StaleTallies, ratings: Sequence[Rating]) -> bool:
        rows = Jsonb([rating_row(each) for each in ratings])
        self._database.execute("select public.put_ratings(%s, %s, %s)", [of.machine, of.version, rows])
        return True


def test_a_new_result_shows_by_itself_and_is_filtered(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/results")
    expect(page.get_by_text("No results yet")).to_be_visible()
    insert_result(database)
    expect(page.locator(".result-card")).to_have_count(1)
    insert_result(database, winner="tie", machine="m2")
    expect(page.locator(".result-card")).to_have_count(2)
    page.get_by_label("Outcome").select_option("tie")
    expect(page.locator(".result-card")).to_have_count(1)
    expect(page.locator(".result-card")).to_contain_text("tie")
    page.get_by_label("Model").select_option("efficientnet_b0")
    expect(page.get_by_text("No result fits")).to_be_visible()
    page.get_by_label("Model").select_option(A)
    page.locator(".result-card").click()
    expect(page.get_by_role("heading", name="It is a tie")).to_be_visible()


def test_a_thousand_results_are_paged(open_page: OpenPage, database: Connection) -> None:
    insert_many_results(database, 1000)
    page = open_page("/results")
    expect(page.locator(".result-card")).to_have_count(40)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".result-card")).to_have_count(80)
    page.get_by_label("Outcome").select_option("decided")
    expect(page.locator(".result-card")).to_have_count(40)
    page.get_by_role("link", name="Live").click()
    expect(page.locator(".job-card")).to_have_count(25)
    page.goto(f"{page.url.partition('#')[0]}#/model/{A}")
    expect(page.get_by_text("The newest 500 results.")).to_be_visible()
    page.get_by_role("link", name="Leaderboard").click()
    expect(page.get_by_text("From 1,000 results on this hardware")).to_be_visible()


def test_ratings_follow_the_results_and_never_mix_machines(open_page: OpenPage, database: Connection) -> None:
    rater = Rater(DatabaseRatings(database))
    for _ in range(3):
        insert_result(database)
    insert_result(database, winner=A, machine="m2")
    rater.rate()
    page = open_page("/leaderboard")
    rows = page.locator(".rating-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(B)
    expect(rows.first).to_contain_text("3 · 0 · 0")
    insert_result(database, winner="tie")
    expect(page.get_by_text("New results are being rated")).to_be_visible()
    rater.rate()
    expect(rows.first).to_contain_text("3 · 1 · 0")
    matrix = page.get_by_role("table", name="Share of battles")
    expect(matrix.get_by_role("row", name=B).get_by_text("88 %")).to_be_visible()

    page.get_by_label("Hardware").select_option("m2")
    expect(rows.first).to_contain_text(A)
    expect(rows.first).to_contain_text("1 · 0 · 0")
    page.reload()
    expect(rows.first).to_contain_text(A)
    elsewhere = open_page(page.url.partition("#")[2])
    expect(elsewhere.get_by_label("Hardware")).to_have_value("m2")
    expect(elsewhere.locator(".rating-table tbody tr").first).to_contain_text(A)


def test_a_link_to_a_machines_ratings_works_in_a_new_tab(open_page: OpenPage, database: Connection) -> None:
    for machine in ("m1", "m1", "m 2/€"):
        insert_result(database, machine=machine)
    Rater(DatabaseRatings(database)).rate()
    page = open_page(f"/model/{A}")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="AMD EPYC").last.click(modifiers=["ControlOrMeta"])
    values = {"m1", "m 2/€"}
    assert opened.value.get_by_label("Hardware").input_value() in values
    page.goto(f"{page.url.partition('#')[0]}#/leaderboard/m%202%2F%E2%82%AC")
    expect(page.get_by_label("Hardware")).to_have_value("m 2/€")
    expect(open_page("/leaderboard/gone").get_by_text("no results of the hardware in this address")).to_be_visible()


def test_what_a_project_cuts_is_read_page_by_page(open_page: OpenPage, database: Connection) -> None:
    """A project may give 30 rows an answer, whatever was asked for."""
    insert_many_results(database, 100)

    def cut(route: Route) -> None:
        url = re.sub(r"limit=(\d+)", lambda found: f"limit={min(int(found[1]), 30)}", route.request.url)
        route.continue_(url=url)

    page = open_page("/results", before=lambda page: page.route("**/rest/v1/result_list*", cut))
    expect(page.locator(".result-card")).to_have_count(40)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".result-card")).to_have_count(80)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".result-card")).to_have_count(100)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_failed_read_takes_no_ratings_away(open_page: OpenPage, database: Connection) -> None:
    insert_result(database)
    Rater(DatabaseRatings(database)).rate()
    page = open_page("/leaderboard")
    rows = page.locator(".rating-table tbody tr")
    expect(rows).to_have_count(2)
    # Of this status supabase-js does not ask again by itself.
    page.route("**/rest/v1/ratings*", lambda route: route.fulfill(status=500, body="{}"))
    with page.expect_response("**/rest/v1/ratings*"):
        insert_result(database, winner=A)
    page.wait_for_timeout(300)
    expect(rows).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_model_has_a_page(page: Page, open_page: OpenPage, database: Connection) -> None:
    insert_result(database)
    insert_result(database, winner=A)
    Rater(DatabaseRatings(database)).rate()
    page = open_page(f"/model/{A}")
    expect(page.get_by_text("from 2 battles")).to_be_visible()
    expect(page.get_by_role("img", name="Count accuracy over time")).to_be_visible()
    expect(page.get_by_text(f"won against {B}")).to_be_visible()
    page.get_by_role("link", name=f"{A}@onnx").click()
    expect(page.get_by_text("It has not fought yet")).to_be_visible()


def test_a_wrong_address_says_so(page: Page, open_page: OpenPage) -> None:
    for route, words in (
        ("/nowhere", "There is nothing here"),
        ("/battle/1", "There is no such battle"),
        ("/battle/00000000-0000-4000-8000-000000000000", "There is no such battle"),
        ("/model/nobody", "There is no such model"),
    ):
        expect(open_page(route).get_by_role("heading", name=words)).to_be_visible()
