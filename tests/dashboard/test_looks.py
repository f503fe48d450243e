"""How every page looks and reads: screenshots to look at, axe, nothing that moves, nothing that overflows."""

import gzip
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from agent.rater import Rater
from local.dashboard import FOLDER
from tests.agent.rows import A
from tests.dashboard.conftest import OpenPage
from tests.dashboard.rows import Connection, insert_agent, insert_job, insert_result
from tests.dashboard.test_lists import DatabaseRatings

SCREENS = Path(__file__).parents[2] / "runs" / "screens"
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ["arena", "live", "tie", "won", "failed", "results", "leaderboard", "model", "sign-in", "nowhere"]
LOOKS = [("light", 1400), ("dark", 390)]
WIDE = 1920
OTHER = {"light": "dark", "dark": "light"}
MOST_SHIFT = 0.02
MOST_BYTES = 250_000


def routes(database: Connection) -> dict[str, str]:
    insert_agent(database)
    won, tie = insert_result(database), insert_result(database, winner="tie")
    failed = insert_job(database, "failed")
    insert_job(database)
    insert_job(database, "running")
    Rater(DatabaseRatings(database)).rate()
    return {
        "arena": "/", "live": "/live", "tie": f"/battle/{tie}", "won": f"/battle/{won}", "failed": f"/battle/{failed}",
        "results": "/results", "leaderboard": "/leaderboard", "model": f"/model/{A}", "sign-in": "/sign-in",
        "nowhere": "/nowhere",
    }  # fmt: skip


def settle(page: Page) -> None:
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => !document.querySelector('.skeleton')")
    for image in page.locator("img[loading=lazy]").all():
        image.scroll_into_view_if_needed()
    page.evaluate("() => window.scrollTo(0, 0)")
    page.wait_for_timeout(150)


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_page_is_worth_looking_at(open_page: OpenPage, database: Connection, theme: str, width: int) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    wrong = []
    for name, route in routes(database).items():
        page = open_page(route, width=width, theme=theme)
        settle(page)
        page.screenshot(path=SCREENS / f"{name}-{theme}-{width}.png", full_page=True)
        shift = page.evaluate("() => window.shifts")
        if shift > MOST_SHIFT:
            wrong.append(f"{name} moves: {shift:.3f}")
        wrong += overflow(page, name)
        wrong += [f"{name}: {each}" for each in violations(page)]
        page.emulate_media(color_scheme=OTHER[theme])  # type: ignore[arg-type]
        page.screenshot(path=SCREENS / f"{name}-{OTHER[theme]}-{width}.png", full_page=True)
        wrong += [f"{name} in {OTHER[theme]}: {each}" for each in contrasts(page)]
        if width == LOOKS[0][1]:
            page.set_viewport_size({"width": WIDE, "height": 900})
            page.screenshot(path=SCREENS / f"{name}-{OTHER[theme]}-{WIDE}.png", full_page=True)
            wrong += overflow(page, f"{name} at {WIDE}")
        page.context.close()
    assert not wrong, "\n".join(wrong)


def overflow(page: Page, name: str) -> list[str]:
    wide = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return [f"{name} is wider than its window"] if page.evaluate(wide) else []


def violations(page: Page) -> list[str]:
    """What axe finds, with the first place of each."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("async () => (await axe.run()).violations")
    return [f"{each['id']}: {each['help']} {each['nodes'][0]['html'][:200]}" for each in found]


def contrasts(page: Page) -> list[str]:
    """The one of axe's rules that another theme can break."""
    found = page.evaluate("async () => (await axe.run({ runOnly: ['color-contrast'] })).violations")
    return [f"{each['help']} {each['nodes'][0]['html'][:200]}" for each in found]


def test_open_states_pass_axe_too(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/")
    settle(page)
    page.get_by_text("Options:").click()
    page.get_by_role("tab", name="Paste addresses").click()
    page.get_by_role("textbox").fill("nonsense")
    assert violations(page) == []
    page.get_by_role("tab", name="Your own files").click()
    page.get_by_label("Drop images here").set_input_files(FOLDER.parent / "demo" / "scenes" / "images" / "000.jpg")
    page.get_by_role("button", name="Draw boxes").click()
    page.get_by_role("button", name="Add a box in the middle").click()
    assert violations(page) == []
    page = open_page(f"/battle/{insert_result(database)}")
    page.get_by_role("button", name="Open images/").first.click()
    page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(300)
    assert violations(page) == []


def test_the_first_page_is_light(open_page: OpenPage, database: Connection) -> None:
    """All that it loads but images and data, as a host with gzip would send it."""
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.request.resource_type in {"document", "script", "stylesheet", "font"} and response.ok:
            body = response.body()
            packed = response.request.resource_type != "font"
            sizes[response.url] = len(gzip.compress(body)) if packed else len(body)

    page = open_page("/", before=lambda page: page.on("response", weigh))
    settle(page)
    assert len(sizes) >= 5
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_a_chosen_theme_stays(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Change to the dark theme").click()
    dark = page.evaluate(ground)
    assert light != dark
    page.reload()
    page.get_by_role("button", name="Change to the light theme").wait_for()
    assert page.evaluate(ground) == dark
