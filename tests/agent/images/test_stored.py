"""From a stranger's upload to the agent's file, through Storage, with the policies that `arena demo` sets."""

from collections.abc import Iterator

import httpx
import pytest

from agent.agent_key import AgentKey, JwtSecret
from agent.commands.stack import POLICIES
from agent.errors import ImageRefused
from agent.migrate import migrate
from local import LocalStack
from tests.agent.images.fetch import Fetch


@pytest.fixture(scope="module")
def project() -> Iterator[LocalStack]:
    with LocalStack() as running:
        migrate(running.database_url, policies=POLICIES)
        running.reload_schema()
        yield running


def put(project: LocalStack, name: str, body: bytes) -> httpx.Response:
    headers = {"apikey": project.publishable_key, "Content-Type": "image/jpeg"}
    return httpx.post(f"{project.url}/storage/v1/object/arena-images/{name}", headers=headers, content=body)


def test_an_agents_own_key_reads_what_a_stranger_uploaded(project: LocalStack, fetch: Fetch) -> None:
    put(project, "anon/a street.jpg", b"street").raise_for_status()
    key = AgentKey.mint(JwtSecret(project.jwt_secret), "reader", days=1).token
    settings = {
        "SUPABASE_URL": project.url,
        "SUPABASE_KEY": key,
        "SUPABASE_PUBLISHABLE_KEY": project.publishable_key,
        "ARENA_IMAGE_HOSTS": "",
    }
    (file,) = fetch(["storage://arena-images/anon/a street.jpg"], **settings)
    assert file.read_bytes() == b"street"
    with pytest.raises(ImageRefused, match="not in the bucket"):
        fetch(["storage://arena-images/anon/absent.jpg"], **settings)


def test_a_stranger_writes_into_the_shared_folder_alone(project: LocalStack) -> None:
    assert "row-level security" in put(project, "somebody/1.jpg", b"x").text
    assert put(project, "anon/1.jpg", b"x" * 20_000_001).json()["statusCode"] == "413"
