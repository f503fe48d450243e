"""A battle from the first click to the downloads: a real agent, the demo's models, no reload."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from agent.agent_key import AgentKey, JwtSecret
from agent.commands.agent_process import AgentProcess
from local import LocalStack
from tests.dashboard.conftest import SCENES, OpenPage
from tests.dashboard.rows import Connection

pytestmark = pytest.mark.long

LIMIT_MS = 120_000


@pytest.fixture
def agent(site: LocalStack, database: Connection) -> Iterator[None]:
    settings = {
        "SUPABASE_URL": site.url,
        "SUPABASE_KEY": AgentKey.mint(JwtSecret(site.jwt_secret), "test agent", days=1).token,
        "SUPABASE_PUBLISHABLE_KEY": site.publishable_key,
        "ARENA_AGENT_NAME": "test agent",
        "ARENA_CATALOGUE": str(SCENES.parent / "catalogue.toml"),
        "ARENA_DOWNLOAD_WEIGHTS": "false",
        "ARENA_IMAGE_ROOT": str(SCENES),
        "ARENA_COUNTRY": "USA",
    }
    with AgentProcess(settings):
        yield


def start_battle(page: Page, images: int) -> None:
    page.get_by_role("group", name="Model A").get_by_text("Trained_yolov5").click()
    page.get_by_role("group", name="Model B").get_by_text("Trained_yolov8").click()
    page.get_by_role("slider", name="Use").fill(str(images))
    page.get_by_text("Options:").click()
    page.get_by_label("How carefully to measure").select_option("quick")
    page.get_by_role("button", name="Start the battle").click()


def test_a_battle_by_clicking(agent: None, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    page.evaluate("() => { window.notReloaded = true; }")
    start_battle(page, images=4)

    bar = page.get_by_role("progressbar")
    expect(bar).to_be_visible(timeout=LIMIT_MS)
    seen = set[str | None]()
    while not page.get_by_role("heading", name="Metric by metric").is_visible() and len(seen) < 3:
        if bar.is_visible():
            seen.add(bar.get_attribute("aria-valuenow", timeout=1_000) if bar.is_visible() else None)
        page.wait_for_timeout(200)
    assert len(seen - {None}) >= 2, "progress moves"
    expect(page.get_by_role("heading", name="Metric by metric")).to_be_visible(timeout=LIMIT_MS)
    assert page.evaluate("() => window.notReloaded") is True

    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("It is a tie|wins"))
    expect(page.get_by_role("rowheader", name="Count accuracy")).to_be_visible()
    expect(page.get_by_role("img", name="Latency of single predictions")).to_be_visible()

    look_at_an_image(page)
    download(page, tmp_path)

    link = page.url
    elsewhere = open_page(link.partition("#")[2])
    expect(elsewhere.get_by_role("heading", name="Metric by metric")).to_be_visible()
    headline = page.get_by_role("heading", level=1).inner_text()
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text(headline)

    elsewhere.get_by_role("link", name="Leaderboard").click()
    expect(elsewhere.get_by_text("From 1 result on this hardware")).to_be_visible()
    expect(elsewhere.get_by_role("rowheader", name="Trained_yolov5").first).to_be_visible(timeout=LIMIT_MS)


def look_at_an_image(page: Page) -> None:
    """Opened, its boxes are switched off and on, and the keys go on to the next one."""
    page.get_by_role("button", name="Open images/").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".photograph .outline--truth").first).to_be_visible()
    expect(dialog.locator("img")).not_to_have_js_property("naturalWidth", 0)
    truth = dialog.get_by_label("Truth")
    truth.uncheck()
    expect(dialog.locator(".photograph .outline--truth")).to_have_count(0)
    truth.check()
    expect(dialog.locator(".photograph .outline--truth")).not_to_have_count(0)
    before = dialog.get_by_role("heading").inner_text()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading")).not_to_have_text(before)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def download(page: Page, folder: Path) -> None:
    for kind in ("JSON", "CSV"):
        with page.expect_download() as coming:
            page.get_by_role("button", name=f"Download {kind}").click()
        coming.value.save_as(folder / kind)
    row = json.loads((folder / "JSON").read_text("utf-8"))
    assert row["model_a_id"] == "Trained_yolov5"
    assert len(row["image_results"]) == 8
    lines = {line["metric"]: line for line in csv.DictReader((folder / "CSV").read_text("utf-8").splitlines())}
    speed = lines["speed_ms"]
    assert float(speed["B: Trained_yolov8"]) == row["model_b_metrics"]["speed_ms"]
    assert float(speed["difference"]) > 0
    assert speed["difference_in"] == "factor; above 1 B is better"
    assert speed["low"] == speed["high"] == "", "so few images give no interval"
