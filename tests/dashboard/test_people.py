"""Users, through the page."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from local import LocalStack
from tests.dashboard.conftest import PASSWORD, OpenPage, User
from tests.dashboard.rows import Connection, insert_job, insert_result


def test_one_signs_up_out_and_in_again(page: Page, sign_up: Callable[[Page], User]) -> None:
    user = sign_up(page)
    page.get_by_role("banner").get_by_text(user.email).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("Invalid login credentials")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("banner").get_by_text(user.email)).to_be_visible()


def test_two_users_do_not_see_each_others_jobs(
    open_page: OpenPage, database: Connection, sign_up: Callable[[Page], User]
) -> None:
    ann, bob = open_page("/"), open_page("/")
    of_ann, of_bob = sign_up(ann), sign_up(bob)
    ann.get_by_role("link", name="Live").click()
    bob.get_by_role("link", name="Live").click()
    own = insert_job(database, created_by=of_ann.id)
    expect(ann.get_by_text("Waiting (1)")).to_be_visible()
    insert_job(database, created_by=of_bob.id)
    expect(bob.get_by_text("Waiting (1)")).to_be_visible()
    expect(bob.get_by_text("yours")).to_have_count(1)
    expect(ann.get_by_text("Waiting (1)")).to_be_visible()
    bob.goto(f"{bob.url.partition('#')[0]}#/battle/{own}")
    expect(bob.get_by_role("heading", name="There is no such battle")).to_be_visible()


def test_another_persons_result_is_seen_without_its_images(
    open_page: OpenPage, database: Connection, sign_up: Callable[[Page], User]
) -> None:
    ann = open_page("/")
    job = insert_result(database, created_by=sign_up(ann).id)
    ann.goto(f"{ann.url.partition('#')[0]}#/battle/{job}")
    expect(ann.get_by_text("6 images, those that the models disagree on")).to_be_visible()
    stranger = open_page(f"/battle/{job}")
    expect(stranger.get_by_role("heading", name="Trained_yolov8 wins")).to_be_visible()
    expect(stranger.get_by_text("seen by who started it alone")).to_be_visible()


def test_a_private_arena_shows_nothing_to_strangers(
    open_page: OpenPage, database: Connection, sign_up: Callable[[Page], User]
) -> None:
    database.execute("update public.arena_settings set private = true")
    stranger, ann = open_page("/"), open_page("/")
    expect(stranger.get_by_text("This arena is private: sign in")).to_be_visible()
    job = insert_result(database, created_by=sign_up(ann).id)
    ann.get_by_role("link", name="Results").click()
    expect(ann.get_by_text("Trained_yolov8 wins").first).to_be_visible()
    stranger.get_by_role("link", name="Results").click()
    expect(stranger.get_by_text("This arena is private: sign in")).to_be_visible()
    expect(stranger.get_by_label("Email")).to_be_visible()
    bob = open_page(f"/battle/{job}")
    sign_up(bob)
    bob.goto(f"{bob.url.partition('#')[0]}#/battle/{job}")
    expect(bob.get_by_role("heading", name="There is no such battle")).to_be_visible()


def test_what_was_seen_as_one_person_goes_with_them(
    open_page: OpenPage, database: Connection, sign_up: Callable[[Page], User]
) -> None:
    page = open_page("/")
    insert_job(database, created_by=sign_up(page).id)
    page.get_by_role("link", name="Live").click()
    expect(page.get_by_text("Waiting (1)")).to_be_visible()
    page.get_by_role("banner").get_by_role("link", name="@example.com").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    held: list[Route] = []
    page.route("**/rest/v1/job_list*", lambda route: held.append(route))
    page.get_by_role("link", name="Live").click()
    expect(page.get_by_role("heading", name="Live")).to_be_visible()
    page.wait_for_timeout(300)
    assert held
    expect(page.get_by_text("Waiting (1)")).to_have_count(0)  # nor is it shown until the answer comes
    page.unroute("**/rest/v1/job_list*")  # lets the held ones go
    expect(page.get_by_text("No battle yet")).to_be_visible()


def test_a_password_is_set_anew(page: Page, sign_up: Callable[[Page], User]) -> None:
    user, other = sign_up(page), f"another {PASSWORD}"
    page.get_by_role("banner").get_by_text(user.email).click()
    page.get_by_label("New password").fill(other)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("The password is set.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(other)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("banner").get_by_text(user.email)).to_be_visible()


def test_a_link_that_does_not_sign_in_says_why(site: LocalStack, page: Page) -> None:
    """As Supabase Auth sends people back: with an error, or with a code that another browser asked for."""
    expired = "error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired"
    for came, words in (
        (f"?{expired}#{expired}", "Email link is invalid or has expired"),
        (f"#{expired}", "Email link is invalid or has expired"),
        ("?code=d5a1f1a6-3b5e-4a56-8a0e-0d5bd7a6c1c4", "in the browser in which it was asked for"),
    ):
        page.goto("about:blank")
        page.goto(f"{site.url}/{came}")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()
        assert page.url == f"{site.url}/#/sign-in"
        page.get_by_role("link", name="Arena", exact=True).click()
        page.get_by_role("banner").get_by_role("link", name="Sign in").click()
        expect(page.get_by_label("Email")).to_be_visible()
        expect(page.get_by_text(words)).to_have_count(0)  # once is enough
