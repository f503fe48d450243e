"""What happens is seen, whatever happens to Realtime meanwhile."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.dashboard.conftest import OpenPage, User
from tests.dashboard.rows import Connection, insert_agent, insert_job, insert_result, set_status

POLL_MS = 12_000


class Line:
    """The page's WebSocket, which can be cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self.open: list[WebSocketRoute] = []

    def lay(self, page: Page) -> None:
        page.route_web_socket(re.compile("/realtime/"), self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.is_cut:
            route.close(code=1011)
            return
        route.connect_to_server()
        self.open.append(route)

    def cut(self) -> None:
        self.is_cut = True
        for route in self.open:
            route.close(code=1011)
        self.open.clear()

    def mend(self) -> None:
        self.is_cut = False

    def say(self, event: str, payload: dict[str, str]) -> None:
        """As if the server said it of the page's channel."""
        for route in self.open:
            route.send(json.dumps([None, None, "realtime:arena", event, payload]))


def test_a_job_is_seen_from_its_insert_to_its_end(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/live")
    expect(page.get_by_text("No battle yet")).to_be_visible()
    insert_agent(database)
    expect(page.get_by_role("heading", name="pod-1")).to_be_visible()
    job = insert_job(database)
    expect(page.get_by_text("Waiting (1)")).to_be_visible()
    set_status(database, job, "running", attempt=1, progress={"phase": "single_stream", "fraction": 0.42})
    expect(page.get_by_role("progressbar", name="timing image by image")).to_have_attribute("aria-valuenow", "42")
    set_status(database, job, "failed")
    expect(page.get_by_text("The weights are missing.")).to_be_visible()
    expect(page.get_by_text("Put them there.")).to_be_visible()


def test_the_result_takes_the_place_of_the_progress(open_page: OpenPage, database: Connection) -> None:
    job = insert_job(database, "running")
    page = open_page(f"/battle/{job}")
    expect(page.get_by_role("heading", name="The battle is on")).to_be_visible()
    result = insert_result(database)
    database.execute(b"delete from public.image_results where job_id = %s", [result])
    set_status(database, job, "succeeded")
    database.execute(b"update public.comparison_results set job_id = %s where job_id = %s", [job, result])
    expect(page.get_by_role("heading", name="Trained_yolov8 wins")).to_be_visible()


def test_realtime_that_is_lost_is_said_and_nothing_is_missed(open_page: OpenPage, database: Connection) -> None:
    line = Line()
    page = open_page("/live", before=line.lay)
    banner = page.get_by_text("Live updates are interrupted")
    expect(page.get_by_text("No battle yet")).to_be_visible()
    insert_job(database)
    expect(page.get_by_text("Waiting (1)")).to_be_visible()
    expect(banner).to_be_hidden()

    line.cut()
    expect(banner).to_be_visible()
    insert_job(database)
    expect(page.get_by_text("Waiting (2)")).to_be_visible(timeout=POLL_MS)

    line.mend()
    insert_job(database)
    expect(banner).to_be_hidden(timeout=30_000)
    expect(page.get_by_text("Waiting (3)")).to_be_visible()
    expect(page.locator(".job-card")).to_have_count(3)
    insert_job(database)
    expect(page.get_by_text("Waiting (4)")).to_be_visible(timeout=4_000)


def test_a_channel_that_the_server_closes_is_opened_again(open_page: OpenPage, database: Connection) -> None:
    """As Supabase does with those that are not signed in, after a day."""
    line = Line()
    page = open_page("/live", before=line.lay)
    insert_job(database)
    expect(page.get_by_text("Waiting (1)")).to_be_visible()
    line.say("phx_close", {})
    banner = page.get_by_text("Live updates are interrupted")
    expect(banner).to_be_visible()
    expect(banner).to_be_hidden(timeout=POLL_MS)
    insert_job(database)
    expect(page.get_by_text("Waiting (2)")).to_be_visible(timeout=4_000)


def test_a_channel_without_the_databases_changes_is_lost(open_page: OpenPage, database: Connection) -> None:
    """It is joined all the same, and would be silent for ever."""
    line = Line()
    page = open_page("/live", before=line.lay)
    insert_job(database)
    expect(page.get_by_text("Waiting (1)")).to_be_visible()
    line.say("system", {"extension": "postgres_changes", "status": "error", "message": "no such publication"})
    expect(page.get_by_text("Live updates are interrupted")).to_be_visible()


def test_a_row_that_comes_while_the_page_loads_is_not_lost(open_page: OpenPage, database: Connection) -> None:
    """The first answer was made before the row, and comes after word of it."""
    held: list[Route] = []

    def hold_first(page: Page) -> None:
        def answer(route: Route) -> None:
            if held:
                route.continue_()
                return
            held.append(route)
            old = route.fetch()
            insert_job(database)
            page.wait_for_timeout(600)
            route.fulfill(response=old)

        page.route(re.compile(r"/rest/v1/job_list.*status=eq\.pending"), answer)

    page = open_page("/live", before=hold_first)
    expect(page.get_by_text("Waiting (1)")).to_be_visible(timeout=5_000)
    assert held
    page.wait_for_timeout(1_000)
    expect(page.get_by_text("Waiting (1)")).to_be_visible()  # the late answer did not undo it


def test_own_jobs_are_cancelled_and_retried_by_clicking(
    open_page: OpenPage, database: Connection, sign_up: Callable[[Page], User]
) -> None:
    page = open_page("/live")
    user = sign_up(page)
    own, strange = insert_job(database, created_by=user.id), insert_job(database)
    page.get_by_role("link", name="Live").click()
    expect(page.get_by_text("Waiting (2)")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(1)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Really cancel?").click()
    expect(page.get_by_text("Waiting (1)")).to_be_visible()
    statuses = {str(row["id"]): row["status"] for row in database.execute("select id, status from public.jobs")}
    assert statuses == {own: "cancelled", strange: "pending"}

    failed = insert_job(database, "failed", created_by=user.id)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Waiting (2)")).to_be_visible()
    assert database.execute("select status from public.jobs where id = %s", [failed]).fetchone() == {
        "status": "pending"
    }


def test_a_database_that_does_not_answer_is_said(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/results", before=lambda page: page.route("**/rest/v1/**", lambda route: route.abort()))
    expect(page.get_by_text("The database cannot be reached")).to_be_visible(timeout=20_000)
    page.unroute("**/rest/v1/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No results yet")).to_be_visible()
