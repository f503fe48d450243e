"""The page of one battle: while it runs, of equal models, of images with secrets in their addresses."""

from playwright.sync_api import FilePayload, Page, expect
from psycopg.types.json import Jsonb

from tests.agent.rows import A, B
from tests.dashboard.conftest import SCENES, OpenPage
from tests.dashboard.rows import IMAGES, Connection, insert_job, insert_result, set_status

PHOTOGRAPH = (SCENES / "images" / "000.jpg").read_bytes()


def test_what_changes_is_read_aloud_in_few_words(open_page: OpenPage, database: Connection) -> None:
    job_id = insert_job(database)
    page = open_page(f"/battle/{job_id}")
    aloud = page.locator("p[role=status]")
    expect(aloud).not_to_be_empty()
    set_status(database, job_id, "running", attempt=1, progress={"phase": "warm_up", "model_id": A, "fraction": 0.2})
    expect(aloud).to_have_text(f"warming up: {A}")
    set_status(database, job_id, "failed")
    expect(aloud).to_have_text("The battle failed")
    assert page.locator("[aria-live] time, [role=status] time").count() == 0


def test_equal_scores_are_called_equal(open_page: OpenPage, database: Connection) -> None:
    job_id = insert_result(database, winner="tie")
    equal = {"a": 0.9, "b": 0.9, "difference": 0.0, "ci_low": 0.0, "ci_high": 0.0}
    database.execute(
        b"update public.comparison_results set verdict = jsonb_set(verdict, '{composite}', %s)", [Jsonb(equal)]
    )
    page = open_page(f"/battle/{job_id}")
    verdict = page.get_by_role("region", name="Verdict")
    expect(verdict).to_contain_text("The scores are equal; they are at both ends of the 95 % interval, too.")
    expect(verdict).to_contain_text("accuracy 40 %, speed 30 %, energy 20 %, memory 10 %")


def test_the_heading_says_who_won_and_the_line_below_it_why(open_page: OpenPage, database: Connection) -> None:
    page = open_page(f"/battle/{insert_result(database)}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{B} wins")
    expect(page.locator(".page__lead")).to_have_text("6.1 points better in accuracy [2.3, 9.8], 12 % slower")


def test_a_signed_address_shows_its_image_and_not_its_secret(open_page: OpenPage, database: Connection) -> None:
    images = [{**image, "image_path": f"https://images.test/{n}.jpg?token=secret"} for n, image in enumerate(IMAGES)]
    job_id = insert_result(database, images=images)

    def serve(page: Page) -> None:
        page.route("https://images.test/*token=secret", lambda route: route.fulfill(body=PHOTOGRAPH))

    page = open_page(f"/battle/{job_id}", before=serve)
    page.get_by_role("button", name="Open https://images.test/0.jpg?***").click()
    dialog = page.get_by_role("dialog", name="https://images.test/0.jpg?***")
    expect(dialog.locator(".outline--truth").first).to_be_visible()
    expect(dialog.locator("img")).not_to_have_js_property("naturalWidth", 0)
    said = page.evaluate(
        "() => document.body.innerText + [...document.querySelectorAll('[aria-label]')].map((e) => e.ariaLabel)"
    )
    assert "secret" not in said


def test_a_file_that_the_browser_cannot_show_says_so(open_page: OpenPage, database: Connection) -> None:
    page = open_page("/")
    page.get_by_role("tab", name="Your own files").click()
    tiff = FilePayload(name="street.tif", mimeType="image/tiff", buffer=b"II*\0")
    page.get_by_label("Drop images here").set_input_files([tiff])
    page.get_by_role("button", name="Draw boxes").click()
    expect(page.get_by_text("This browser cannot show the image")).to_be_visible()
