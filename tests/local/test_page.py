"""The dashboard as the local stack serves it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local import LocalStack, Page, Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build as Vite leaves it, and pictures beside it."""
    folder = tmp_path_factory.mktemp("dashboard")
    for name, text in {
        "dist/index.html": "<p>arena",
        "dist/theme.js": "let theme",
        "dist/assets/index-Bx1.js": "let code",
        "scenes/a.png": "PNG",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[LocalStack]:
    page = Page(folder / "dist", image_base="/scenes/", samples=[Sample("Scenes", "/scenes/manifest.json", "Drawn.")])
    with LocalStack(page=page, static={"/scenes": folder / "scenes"}) as running:
        yield running


@pytest.mark.parametrize(("path", "text"), [("/", "<p>arena"), ("/index.html", "<p>arena"), ("/theme.js", "let theme")])
def test_what_may_change_is_asked_for_again(served: LocalStack, path: str, text: str) -> None:
    first = httpx.get(served.url + path)
    assert (first.status_code, first.text, first.headers["cache-control"]) == (200, text, "no-cache")
    again = httpx.get(served.url + path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_build_is_seen(folder: Path, served: LocalStack) -> None:
    (folder / "dist" / "mark.svg").write_text("<svg>old")
    etag = httpx.get(f"{served.url}/mark.svg").headers["etag"]
    (folder / "dist" / "mark.svg").write_text("<svg>new")
    assert httpx.get(f"{served.url}/mark.svg", headers={"If-None-Match": etag}).text == "<svg>new"


def test_what_bears_its_hash_is_kept(served: LocalStack) -> None:
    answer = httpx.get(f"{served.url}/assets/index-Bx1.js")
    assert (answer.status_code, answer.text) == (200, "let code")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/assets/index-Old.js", "/absent.html"])
def test_what_is_not_there_is_not_remembered(served: LocalStack, path: str) -> None:
    answer = httpx.get(served.url + path)
    assert (answer.status_code, answer.headers.get("cache-control")) == (404, None)


def test_the_page_learns_its_project(served: LocalStack) -> None:
    answer = httpx.get(f"{served.url}/config.json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "supabaseUrl": "/",
        "publishableKey": served.publishable_key,
        "signIn": "optional",
        "imageBase": "/scenes/",
        "samples": [{"name": "Scenes", "manifest": "/scenes/manifest.json", "note": "Drawn."}],
    }
    assert served.secret_key not in answer.text


@pytest.mark.parametrize("path", ["/", "/theme.js", "/assets/index-Bx1.js", "/config.json"])
def test_a_page_runs_scripts_from_here_alone(served: LocalStack, path: str) -> None:
    headers = httpx.get(served.url + path).headers
    policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy
    assert (policy["object-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")


def test_other_folders_and_the_api_are_served_beside_it(served: LocalStack) -> None:
    assert httpx.get(f"{served.url}/scenes/a.png").text == "PNG"
    assert httpx.get(f"{served.url}/health").json() == {"status": "ok"}
    refused = httpx.get(f"{served.url}/rest/v1/absent", headers={"apikey": served.publishable_key})
    assert refused.json()["code"] == "PGRST205"


@pytest.mark.parametrize("path", ["/", "/scenes/a.png", "/health", "/rest/v1/absent", "/auth/v1/absent", "/absent"])
def test_nothing_is_taken_for_what_it_does_not_say_it_is(served: LocalStack, path: str) -> None:
    assert httpx.get(served.url + path).headers["x-content-type-options"] == "nosniff"


def test_where_it_is_not_built_the_stack_says_what_it_is(tmp_path: Path) -> None:
    with LocalStack(page=Page(tmp_path)) as running:
        assert "local stack is running" in httpx.get(running.url).text
        assert httpx.get(f"{running.url}/config.json").status_code == 404
