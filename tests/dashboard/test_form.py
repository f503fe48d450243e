"""Starting a battle: models, images in three ways, and what is refused."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.dashboard.conftest import SCENES
from tests.dashboard.rows import Connection, insert_agent

A, B = "Trained_yolov5", "Trained_yolov8"


def jobs(database: Connection) -> list[dict[str, Any]]:
    return database.execute("select * from public.jobs order by created_at").fetchall()


def start(page: Page) -> None:
    page.get_by_role("button", name="Start the battle").click()


def started(page: Page) -> None:
    expect(page).to_have_url(re.compile("/battle/"))


def test_two_clicks_are_a_battle(page: Page, database: Connection) -> None:
    page.get_by_role("group", name="Model A").get_by_text(A, exact=True).click()
    page.get_by_role("group", name="Model B").get_by_text(B, exact=True).click()
    start(page)
    started(page)
    (job,) = jobs(database)
    assert (job["model_a"], job["model_b"], job["options"], job["priority"]) == (A, B, {}, 0)
    assert len(job["images"]) == 24
    expect(page.get_by_label("Progress").get_by_text("No agent is running.")).to_be_visible()


def test_what_cannot_compete_or_run_says_so(page: Page, database: Connection) -> None:
    expect(page.get_by_text("No agent is running: the battle waits")).to_be_visible()
    corner = page.get_by_role("group", name="Model A")
    expect(corner.get_by_role("radio", name="RoBERTa")).to_be_disabled()
    expect(corner.get_by_text("Language model: fills gaps in text.")).to_be_visible()
    insert_agent(database, models=(A,))
    expect(corner.get_by_text("no running agent has it").first).to_be_visible()
    corner.get_by_text(B, exact=True).click()
    expect(page.get_by_text(f"No running agent can run {B}", exact=False)).to_be_visible()


def test_a_runtime_is_chosen_beside_its_model(page: Page, database: Connection) -> None:
    corner = page.get_by_role("group", name="Model B")
    corner.get_by_text(B, exact=True).click()
    corner.get_by_label("Runs as").select_option(f"{B}@onnx")
    start(page)
    started(page)
    assert jobs(database)[0]["model_b"] == f"{B}@onnx"


def test_options_are_sent_as_they_were_set(page: Page, database: Connection) -> None:
    page.get_by_text("Options:").click()
    page.get_by_label("How carefully to measure").select_option("quick")
    page.get_by_label("Confidence from which").fill("0.4")
    page.get_by_label("Priority in the queue").fill("7")
    page.get_by_role("slider", name="memory").fill("0")
    start(page)
    started(page)
    (job,) = jobs(database)
    assert job["priority"] == 7
    assert job["options"] == {
        "min_seconds": 1, "window_seconds": 1, "windows": 2, "confidence": 0.4,
        "weights": {"accuracy": 40, "speed": 30, "green": 20, "memory": 0},
    }  # fmt: skip


def test_a_refusal_stands_at_its_field_in_the_databases_words(page: Page, database: Connection) -> None:
    page.get_by_text("Options:").click()
    page.get_by_label("Confidence from which").fill("7")
    start(page)
    alert = page.locator(".arena__options").get_by_role("alert")
    expect(alert).to_contain_text("options.confidence is 7.")
    expect(alert).to_contain_text("Give a number from 0.001 to 0.999.")
    confidence = page.get_by_label("Confidence from which")
    expect(confidence).to_be_focused()
    expect(confidence).to_have_attribute("aria-invalid", "true")
    expect(confidence).to_have_accessible_description(re.compile("options.confidence is 7."))
    assert jobs(database) == []
    page.get_by_label("Confidence from which").fill("0.5")
    start(page)
    started(page)


def test_pasted_lines_become_images(page: Page, database: Connection) -> None:
    page.get_by_role("tab", name="Paste addresses").click()
    box = page.get_by_role("textbox")
    box.fill("https://images.test/1.jpg, 4\nhttps://images.test/2.jpg\n")
    expect(page.get_by_text("Line 2 has no count")).to_be_visible()
    expect(page.get_by_role("button", name="Start the battle")).to_be_disabled()
    box.fill("https://images.test/1.jpg, 4\nhttps://images.test/a,b.jpg, 0\n")
    expect(page.get_by_text("2 images with 4 cars.").first).to_be_visible()
    start(page)
    started(page)
    assert jobs(database)[0]["images"] == [
        {"image_path": "https://images.test/1.jpg", "car_count": 4},
        {"image_path": "https://images.test/a,b.jpg", "car_count": 0},
    ]


def test_what_the_database_does_not_take_is_said_at_the_images(page: Page, database: Connection) -> None:
    page.get_by_role("tab", name="Paste addresses").click()
    page.get_by_role("textbox").fill("http://images.test/1.jpg, 4")
    start(page)
    expect(page.locator(".arena__images").get_by_role("alert")).to_contain_text("images[0].image_path")
    expect(page.get_by_role("textbox")).to_have_value("http://images.test/1.jpg, 4")
    expect(page.get_by_role("textbox")).to_be_focused()


def test_a_full_queue_is_said_above_the_button(page: Page, database: Connection) -> None:
    database.execute("update public.arena_settings set max_pending_anon = 0")
    try:
        start(page)
        expect(page.get_by_role("alert")).to_contain_text("pending jobs of people who are not signed in")
    finally:
        database.execute("update public.arena_settings set max_pending_anon = 100000")
    start(page)
    started(page)


def test_a_draft_survives_a_reload(page: Page, database: Connection) -> None:
    page.get_by_role("group", name="Model A").get_by_text("efficientnet_b0", exact=True).click()
    page.get_by_role("tab", name="Paste addresses").click()
    page.get_by_role("textbox").fill("https://images.test/1.jpg, 4")
    page.reload()
    expect(page.get_by_role("textbox")).to_have_value("https://images.test/1.jpg, 4")
    expect(page.get_by_role("group", name="Model A").get_by_role("radio", name="EfficientNet")).to_be_checked()


def test_a_lost_answer_makes_no_second_job(page: Page, database: Connection) -> None:
    lost: list[APIResponse] = []

    def lose_first(route: Route) -> None:
        if not lost and route.request.method == "POST":
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/rest/v1/jobs*", lose_first)
    start(page)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    start(page)
    started(page)
    assert len(jobs(database)) == 1


@pytest.fixture
def files() -> list[Path]:
    return [SCENES / "images" / "000.jpg", SCENES / "images" / "001.jpg"]


def test_files_are_uploaded_counted_and_boxed(page: Page, database: Connection, files: list[Path]) -> None:
    page.get_by_role("tab", name="Your own files").click()
    page.get_by_label("Drop images here").set_input_files(files)
    expect(page.get_by_text("uploaded", exact=True)).to_have_count(2)
    expect(page.get_by_text("Each image needs its upload and a count")).to_be_visible()
    page.get_by_label("Cars in it").first.fill("3")
    second = page.locator(".own-file").nth(1)
    second.get_by_role("button", name="Draw boxes").click()
    stage = second.locator(".box-editor__stage")
    expect(stage.locator("svg")).to_be_visible()
    place = stage.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 0.25 * place["width"], place["y"] + 0.5 * place["height"])
    page.mouse.down()
    page.mouse.move(place["x"] + 0.5 * place["width"], place["y"] + 0.75 * place["height"], steps=4)
    page.mouse.up()
    expect(second.get_by_label("Cars in it")).to_have_value("1")
    second.get_by_role("button", name="Add a box in the middle").click()
    second.get_by_label("Box 2, left, in pixels").fill("5")
    expect(second.get_by_label("Cars in it")).to_have_value("2")
    start(page)
    started(page)
    first, boxed = jobs(database)[0]["images"]
    assert first["car_count"] == 3
    assert first["image_path"].startswith("storage://arena-images/anon/")
    (drawn, middle) = boxed["boxes"]
    assert [round(corner / 10) for corner in drawn] == [16, 24, 32, 36]
    assert middle[0] == 5


def test_files_and_their_counts_outlive_a_look_at_another_page(
    page: Page, database: Connection, files: list[Path]
) -> None:
    page.get_by_role("tab", name="Your own files").click()
    page.get_by_label("Drop images here").set_input_files(files)
    expect(page.get_by_text("uploaded", exact=True)).to_have_count(2)
    page.get_by_label("Cars in it").first.fill("3")
    page.get_by_role("link", name="Live").click()
    expect(page.get_by_text("No battle yet")).to_be_visible()
    page.get_by_role("link", name="Arena", exact=True).click()
    expect(page.get_by_label("Cars in it").first).to_have_value("3")
    page.get_by_label("Cars in it").nth(1).fill("0")
    start(page)
    started(page)
    assert [image["car_count"] for image in jobs(database)[0]["images"]] == [3, 0]


def test_what_is_no_image_is_refused_before_it_is_sent(page: Page, database: Connection, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    page.get_by_role("tab", name="Your own files").click()
    page.get_by_label("Drop images here").set_input_files(tmp_path / "notes.txt")
    expect(page.get_by_text("It is no JPEG, PNG")).to_be_visible()
    expect(page.get_by_role("button", name="Start the battle")).to_be_disabled()
    page.get_by_role("button", name="Remove notes.txt").click()
    expect(page.locator(".own-file")).to_have_count(0)


def test_an_arena_without_uploads_says_how_they_come(page: Page, database: Connection) -> None:
    database.execute("update public.arena_settings set allow_uploads = false, allow_anon_uploads = false")
    try:
        page.reload()
        page.get_by_role("tab", name="Your own files").click()
        expect(page.get_by_text("arena migrate --policy uploads")).to_be_visible()
    finally:
        database.execute("update public.arena_settings set allow_uploads = true, allow_anon_uploads = true")


def test_the_keyboard_alone_is_enough(page: Page, database: Connection) -> None:
    corner = page.get_by_role("group", name="Model A")
    corner.get_by_role("radio", checked=True).focus()
    before = corner.get_by_role("radio", checked=True).element_handle()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("(before) => document.activeElement.checked && document.activeElement !== before", before)
    page.get_by_role("tab", name="Sample images").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Paste addresses")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("https://images.test/1.jpg, 4")
    page.get_by_role("button", name="Start the battle").focus()
    page.keyboard.press("Enter")
    started(page)
    assert len(jobs(database)) == 1
