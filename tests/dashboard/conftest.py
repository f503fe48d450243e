"""The dashboard as people meet it: a real browser, the local stack with everything on, nothing in between."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from psycopg.rows import dict_row

import demo
from agent.commands.stack import POLICIES
from agent.migrate import migrate
from local import LocalStack, Sample
from local import Page as ServedPage
from local.dashboard import build
from local.node import node_path
from tests.dashboard.rows import Connection

SCENES = Path(demo.__file__).parent / "scenes"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
CHROMIUM = shutil.which("chromium")
PASSWORD = "correct horse battery staple"

#: Sums what moved without anybody having touched the page.
WATCH_SHIFTS = """
  window.shifts = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
"""


#: Where supabase-js keeps it.
SESSION = """() => {
  const key = Object.keys(localStorage).find((each) => each.endsWith("auth-token"));
  return JSON.parse(localStorage.getItem(key));
}"""


@dataclass(frozen=True)
class User:
    id: str
    email: str


def start(**more: Any) -> LocalStack:
    """A stack as `arena demo` has it, not running yet."""
    served = ServedPage(image_base="/scenes/", samples=[Sample("Street scenes", "/scenes/manifest.json", "Generated.")])
    return LocalStack(page=served, static={"/scenes": SCENES}, **more)


def prepare(stack: LocalStack) -> None:
    migrate(stack.database_url, policies=POLICIES)
    with psycopg.connect(stack.database_url) as connection:
        connection.execute("update public.arena_settings set max_pending_anon = 100000, max_pending_per_user = 100000")
    stack.reload_schema()


@pytest.fixture(scope="session")
def site() -> Iterator[LocalStack]:
    """The stack with the page, shared by all tests here; `database` empties it."""
    build()
    with start() as running:
        prepare(running)
        yield running


@pytest.fixture
def database(site: LocalStack) -> Iterator[Connection]:
    """An arena in which nothing has happened."""
    with psycopg.connect(site.database_url, autocommit=True, row_factory=dict_row) as connection:
        for table in ("jobs", "agents", "machines"):
            connection.execute(f"delete from public.{table}".encode())
        connection.execute("update public.arena_settings set private = false")
        yield connection


# Playwright's event loop stays in the thread while a browser lives, where other modules want one of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: apt-get install chromium")
        pytest.skip("Chromium is missing: apt-get install chromium")
    # The Node that Playwright brings needs a library that a bare Debian lacks.
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(node_path())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, site: LocalStack) -> Iterator[OpenPage]:
    """Opens the dashboard at a route, as somebody new each time; none may break but those that are meant to."""
    contexts, broken = [], list[str]()

    def note(message: ConsoleMessage) -> None:
        # What the server refuses is logged by the browser itself, and is what some tests are about.
        if message.type == "error" and "Failed to load resource" not in message.text:
            broken.append(message.text)

    def open_route(
        route: str = "/",
        width: int = 1280,
        theme: str = "light",
        before: Callable[[Page], None] | None = None,
        may_break: bool = False,
    ) -> Page:
        viewport = {"width": width, "height": 900}
        context = chromium.new_context(viewport=viewport, color_scheme=theme, accept_downloads=True)  # type: ignore[arg-type]
        contexts.append(context)
        context.add_init_script(WATCH_SHIFTS)
        page = context.new_page()
        page.set_default_timeout(15_000)
        if not may_break:
            page.on("console", note)
            page.on("pageerror", lambda error: broken.append(str(error)))
        if before:
            before(page)
        page.goto(f"{site.url}/#{route}")
        return page

    yield open_route
    for context in contexts:
        context.close()
    assert broken == []


@pytest.fixture
def page(open_page: OpenPage, database: Connection) -> Page:
    """The first page of an empty arena."""
    return open_page()


@pytest.fixture
def sign_up() -> Callable[[Page], User]:
    """Makes an account through the page, and is signed in with it there."""

    def through(page: Page) -> User:
        email = f"{uuid4().hex[:12]}@example.com"
        page.get_by_role("banner").get_by_role("link", name="Sign in").click()
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create an account").click()
        page.get_by_role("banner").get_by_text(email).wait_for()
        user = page.evaluate(SESSION)
        return User(user["user"]["id"], email)

    return through
