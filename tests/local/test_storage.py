"""Storage of the local stack: files, limits and who may do what."""

import os
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from storage3.exceptions import StorageApiError
from storage3.types import FileOptions
from supabase import Client

from local import LocalStack
from local.node import node_path
from tests.local.conftest import Connect, Connection, User

JS_TEST = Path(__file__).parent / "js" / "storage.test.mjs"
JPEG: FileOptions = {"content-type": "image/jpeg"}
TEXT: FileOptions = {"content-type": "text/plain"}

#: As sql/policies has it: each user has a folder, whoever is not signed in shares one.
POLICIES = """
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
      values ('photos', 'photos', false, 1000, '{image/jpeg,image/png}'), ('plain', 'plain', true, null, null);
    create policy put_own on storage.objects for insert to authenticated
      with check (bucket_id = 'photos' and (storage.foldername(name))[1] = auth.uid()::text);
    create policy see_own on storage.objects for select to authenticated
      using (bucket_id = 'photos' and (storage.foldername(name))[1] = auth.uid()::text);
    create policy remove_own on storage.objects for delete to authenticated
      using (bucket_id = 'photos' and (storage.foldername(name))[1] = auth.uid()::text);
    create policy put_anon on storage.objects for insert to anon
      with check (bucket_id = 'photos' and name like 'anon/%');
    create policy see_anon on storage.objects for select to anon
      using (bucket_id = 'photos' and name like 'anon/%');
    grant usage on schema storage to robot;
    grant select on storage.objects to robot;
    create policy robot_sees on storage.objects for select to robot using (bucket_id = 'photos');
"""


@pytest.fixture(autouse=True)
def buckets(database: Connection) -> None:
    """Once a stack."""
    row = database.execute("select exists (select from storage.buckets where id = 'photos') as there").fetchone()
    if not (row and row["there"]):
        database.execute(POLICIES.encode())


@pytest.fixture
def user(sign_up: Callable[[], User]) -> User:
    return sign_up()


def test_a_file_is_put_listed_read_and_removed(user: User) -> None:
    photos, name = user.client.storage.from_("photos"), f"{user.id}/a street.jpg"
    photos.upload(name, b"street", JPEG)
    assert photos.download(name) == b"street"
    assert [each["name"] for each in photos.list(user.id)] == ["a street.jpg"]
    assert [each["name"] for each in photos.remove([name])] == [name]
    assert photos.list(user.id) == []
    with pytest.raises(StorageApiError, match="not found"):
        photos.download(name)


def test_a_list_shows_a_folders_own_files_and_folders(connect: Connect, bare_stack: LocalStack, mark: str) -> None:
    plain = connect(bare_stack.secret_key).storage.from_("plain")
    for name in ("b.txt", "a/1.txt", "a/2.txt", "c.txt"):
        plain.upload(f"{mark}/{name}", b"x", TEXT)
    plain.upload(f"{mark}-other/d.txt", b"x", TEXT)
    shown = plain.list(mark)
    assert [(each["name"], each["id"] is None) for each in shown] == [("a", True), ("b.txt", False), ("c.txt", False)]
    assert [each["name"] for each in plain.list(mark, {"limit": 1, "offset": 1})] == ["b.txt"]


def test_a_name_is_taken_once_unless_replacing_is_meant(user: User, connect: Connect, bare_stack: LocalStack) -> None:
    owner = connect(bare_stack.secret_key).storage.from_("photos")
    name = f"{user.id}/twice.jpg"
    owner.upload(name, b"one", JPEG)
    with pytest.raises(StorageApiError, match="already exists"):
        owner.upload(name, b"two", JPEG)
    owner.upload(name, b"three", {**JPEG, "upsert": "true"})
    assert user.client.storage.from_("photos").download(name) == b"three"


def test_a_signed_address_needs_no_key_and_is_for_one_file(user: User) -> None:
    photos, name = user.client.storage.from_("photos"), f"{user.id}/signed.jpg"
    photos.upload(name, b"signed", JPEG)
    address = photos.create_signed_url(name, 60)["signedURL"] or ""
    answer = httpx.get(address)
    assert (answer.content, answer.headers["content-type"]) == (b"signed", "image/jpeg")
    assert httpx.get(address.replace("token=", "token=x")).status_code == 400


def test_a_files_token_opens_no_other_file(user: User) -> None:
    photos, names = user.client.storage.from_("photos"), [f"{user.id}/sign/{each}.jpg" for each in "ab"]
    for name in names:
        photos.upload(name, name.encode(), JPEG)
    first, second = (photos.create_signed_url(name, 60)["signedURL"] or "" for name in names)
    assert httpx.get(first).content == names[0].encode()
    crossed = second.partition("?")[0] + "?" + first.partition("?")[2]
    assert httpx.get(crossed).is_client_error


def test_several_files_are_signed_at_once_and_what_may_not_be_seen_is_as_what_is_not_there(
    user: User, sign_up: Callable[[], User]
) -> None:
    photos, name = user.client.storage.from_("photos"), f"{user.id}/a street.jpg"
    photos.upload(name, b"street", JPEG)
    other = sign_up()
    theirs = f"{other.id}/theirs.jpg"
    other.client.storage.from_("photos").upload(theirs, b"theirs", JPEG)
    mine, foreign, absent = photos.create_signed_urls([name, theirs, f"{user.id}/absent.jpg"], 60)
    assert (mine["path"], mine["error"]) == (name, None)
    assert httpx.get(mine["signedURL"] or "").content == b"street"
    assert foreign["path"] == theirs
    assert foreign["error"] == absent["error"] == "Either the object does not exist or you do not have access to it"


@pytest.mark.parametrize("body", [b'{"expiresIn": 60}', b'{"paths": ["a.jpg"]}', b"no json"])
def test_a_request_for_several_that_cannot_be_understood_is_refused(bare_stack: LocalStack, body: bytes) -> None:
    headers = {"apikey": bare_stack.publishable_key, "Content-Type": "application/json"}
    answer = httpx.post(f"{bare_stack.url}/storage/v1/object/sign/photos", headers=headers, content=body)
    assert answer.status_code == 400
    assert "expiresIn and paths" in answer.json()["message"]


@pytest.mark.parametrize("path", ["../plain/x.txt", "a/../../plain/x.txt", ".", "", "%2e%2e/plain/x.txt"])
def test_no_path_that_is_to_be_signed_leads_out_of_the_bucket(
    connect: Connect, bare_stack: LocalStack, path: str
) -> None:
    owner = connect(bare_stack.secret_key).storage
    owner.from_("plain").upload("x.txt", b"x", {**TEXT, "upsert": "true"})
    (answer,) = owner.from_("photos").create_signed_urls([path], 60)
    assert answer["error"]


def test_uploads_to_one_name_at_once_leave_one_whole_file(connect: Connect, bare_stack: LocalStack, mark: str) -> None:
    bodies = [bytes([number]) * 300_000 for number in range(8)]

    def upload(body: bytes) -> None:
        replacing: FileOptions = {**TEXT, "upsert": "true"}
        connect(bare_stack.secret_key).storage.from_("plain").upload(f"{mark}.txt", body, replacing)

    upload(b"first")
    with ThreadPoolExecutor(len(bodies)) as threads:
        list(threads.map(upload, bodies))
    assert connect(bare_stack.secret_key).storage.from_("plain").download(f"{mark}.txt") in bodies


def test_a_file_is_copied_and_moved(connect: Connect, bare_stack: LocalStack, mark: str) -> None:
    plain = connect(bare_stack.secret_key).storage.from_("plain")
    plain.upload(f"{mark}/from.txt", b"text", TEXT)
    plain.copy(f"{mark}/from.txt", f"{mark}/copy.txt")
    plain.move(f"{mark}/from.txt", f"{mark}/moved.txt")
    assert [each["name"] for each in plain.list(mark)] == ["copy.txt", "moved.txt"]
    assert (plain.download(f"{mark}/copy.txt"), plain.download(f"{mark}/moved.txt")) == (b"text", b"text")


def test_nobody_puts_or_sees_anything_in_anothers_folder(user: User, sign_up: Callable[[], User]) -> None:
    name = f"{user.id}/mine.jpg"
    user.client.storage.from_("photos").upload(name, b"mine", JPEG)
    other = sign_up().client.storage.from_("photos")
    with pytest.raises(StorageApiError, match="row-level security"):
        other.upload(f"{user.id}/yours.jpg", b"x", JPEG)
    with pytest.raises(StorageApiError, match="not found"):
        other.download(name)
    with pytest.raises(StorageApiError, match="not found"):
        other.create_signed_url(name, 60)
    assert other.list(user.id) == []
    assert other.remove([name]) == []
    assert user.client.storage.from_("photos").download(name) == b"mine"


def test_who_is_not_signed_in_has_the_shared_folder_alone(client: Client, user: User, mark: str) -> None:
    photos = client.storage.from_("photos")
    photos.upload(f"anon/{mark}.jpg", b"anyone's", JPEG)
    assert photos.download(f"anon/{mark}.jpg") == b"anyone's"
    with pytest.raises(StorageApiError, match="row-level security"):
        photos.upload(f"{mark}.jpg", b"x", JPEG)
    with pytest.raises(StorageApiError, match="row-level security"):
        user.client.storage.from_("photos").upload(f"anon/{mark}2.jpg", b"x", JPEG)


def test_a_role_of_the_projects_own_has_what_it_was_granted(robot: Client, user: User) -> None:
    name = f"{user.id}/for-robots.jpg"
    user.client.storage.from_("photos").upload(name, b"beep", JPEG)
    assert robot.storage.from_("photos").download(name) == b"beep"
    with pytest.raises(StorageApiError):
        robot.storage.from_("photos").upload(f"{user.id}/from-robots.jpg", b"x", JPEG)


@pytest.mark.parametrize(("size", "accepted"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("announced", [True, False])
def test_a_bucket_limits_the_size(
    user: User, bare_stack: LocalStack, mark: str, size: int, accepted: bool, announced: bool
) -> None:
    """A body whose size is not announced comes in chunks."""
    body = b"x" * size
    answer = httpx.post(
        f"{bare_stack.url}/storage/v1/object/photos/{user.id}/{mark}.jpg",
        headers={
            "apikey": bare_stack.publishable_key,
            "Authorization": f"Bearer {user.token}",
            "Content-Type": "image/jpeg",
        },
        content=body if announced else iter([body]),
    )
    assert answer.is_success is accepted
    assert accepted or answer.json()["statusCode"] == "413"


def test_a_bucket_limits_the_type(user: User) -> None:
    with pytest.raises(StorageApiError, match="mime type text/html is not supported"):
        user.client.storage.from_("photos").upload(f"{user.id}/a.html", b"<p>", {"content-type": "text/html"})


@pytest.mark.parametrize("key", ["../escaped", "a/../../escaped", "%2e%2e/escaped", "a/..%2f..%2fescaped"])
def test_no_name_leads_out_of_the_bucket(bare_stack: LocalStack, key: str) -> None:
    """The secret key may do anything else. What is sent is sent as it stands: httpx would resolve its dots."""
    head = (
        f"POST /storage/v1/object/plain/{key} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"apikey: {bare_stack.secret_key}\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nleak"
    )
    with socket.create_connection(("127.0.0.1", int(bare_stack.url.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode())
        with connection.makefile("rb") as answer:
            status = answer.readline().split()[1]
    assert status in {b"400", b"404"}


def test_a_public_bucket_is_read_without_a_key(connect: Connect, bare_stack: LocalStack, mark: str) -> None:
    plain = connect(bare_stack.secret_key).storage.from_("plain")
    plain.upload(f"{mark}.txt", b"for all", TEXT)
    answer = httpx.get(plain.get_public_url(f"{mark}.txt"))
    assert answer.content == b"for all"
    assert answer.headers["x-content-type-options"] == "nosniff", "it comes from the page's own origin"


def test_files_stay_where_the_data_stays(data_dir: Path) -> None:
    stack = LocalStack(data_dir=data_dir)
    for body in (b"kept", None):
        with stack:
            address, key = f"{stack.url}/storage/v1/object/kept/a.txt", {"apikey": stack.secret_key}
            if body:
                with psycopg.connect(stack.database_url, autocommit=True) as connection:
                    connection.execute("insert into storage.buckets (id, name) values ('kept', 'kept')")
                httpx.post(address, headers={**key, "Content-Type": "text/plain"}, content=body).raise_for_status()
            assert httpx.get(address, headers=key).content == b"kept"
    assert any((data_dir / "storage").iterdir())


def test_supabase_js_puts_signs_and_reads_files(bare_stack: LocalStack) -> None:
    outcome = subprocess.run(
        [str(node_path()), "--test", "--test-timeout=60000", "--test-reporter=tap", str(JS_TEST)],
        env={**os.environ, "STACK_URL": bare_stack.url, "STACK_KEY": bare_stack.publishable_key, "MARK": uuid4().hex},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
