"""Static files of the local stack."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from local import LocalStack


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "secret.txt").write_text("secret")
    for name, files in {"page": {"index.html": "<p>hello"}, "pictures": {"a.png": "PNG"}}.items():
        (folder / name).mkdir()
        for file, text in files.items():
            (folder / name / file).write_text(text)
    with LocalStack(static={"/": folder / "page", "/images": folder / "pictures"}) as running:
        yield running


def test_a_folder_is_served_with_its_index(site: LocalStack) -> None:
    answer = httpx.get(site.url)
    assert (answer.status_code, answer.text) == (200, "<p>hello")
    assert answer.headers["content-type"].startswith("text/html")


def test_a_folder_is_served_below_its_prefix(site: LocalStack) -> None:
    answer = httpx.get(f"{site.url}/images/a.png")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "PNG", "image/png")
    assert answer.headers["access-control-allow-origin"] == "*"


def test_what_is_not_there_is_not_found(site: LocalStack) -> None:
    assert httpx.get(f"{site.url}/absent.html").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/images/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/images/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/images//../../secret.txt",
    ],
)
def test_no_path_leads_out_of_the_folder(site: LocalStack, path: str) -> None:
    answer = _get_as_is(site, path)
    assert b"404 Not Found" in answer
    assert not answer.endswith(b"secret")


def test_nothing_of_the_server_itself_is_served(site: LocalStack) -> None:
    for path in ("/_system/config", "/main.mjs", "/package.json"):
        assert httpx.get(site.url + path).status_code == 404
    assert httpx.post(f"{site.url}/admin/reload").status_code == 401


def _get_as_is(stack: LocalStack, path: str) -> bytes:
    """Sends the path as it stands: httpx would resolve its dots."""
    port = int(stack.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.read()


def test_a_stack_without_a_site_of_its_own_says_what_it_is(stack: LocalStack) -> None:
    page = httpx.get(f"{stack.url}/")
    assert page.status_code == 200
    assert "local stack is running" in page.text
