"""No key, token, signed address or image gets into anything that an agent writes."""

import base64
import os
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from agent.agent_key import AgentKey, JwtSecret
from local import LocalStack
from tests.agent.agent_process import MODELS, QUICK, SCENES, AgentProcess, make_workplace
from tests.agent.queue import Queue
from tests.agent.web import Web
from tests.benchmark.decoding.encoded import encode

SIGNED = "hunter2-of-the-signed-address"
TABLES = ("jobs", "job_attempts", "comparison_results", "image_results", "agents", "models", "arena_settings")


def finished(row: dict[str, Any]) -> bool:
    return row["finished_at"] is not None


def forms(secret: bytes) -> Iterator[bytes]:
    """As it is, and as it may be written down."""
    yield secret
    yield base64.b64encode(secret)[:-4]
    yield base64.urlsafe_b64encode(secret)[:-4]
    yield secret.hex().encode()
    yield urllib.parse.quote_from_bytes(secret, safe="").encode()
    yield repr(secret)[2:-1].encode()


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    (tmp_path / "temporary").mkdir()
    return tmp_path


@pytest.fixture
def key(stack: LocalStack) -> str:
    return AgentKey.mint(JwtSecret(stack.jwt_secret), "agent", days=1).token


@pytest.fixture
def agent(stack: LocalStack, workplace: Path, key: str) -> Iterator[AgentProcess]:
    settings = {
        **make_workplace(workplace),
        "SUPABASE_URL": stack.url,
        "SUPABASE_KEY": key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "SUPABASE_JWT_SECRET": stack.jwt_secret,
        "DATABASE_URL": "postgresql://postgres:pw-of-the-database@127.0.0.1:9/postgres",
        "ARENA_IMAGE_HOSTS": "127.0.0.1",
        "ARENA_POLL_SECONDS": "0.5",
        "TMPDIR": str(workplace / "temporary"),
    }
    with AgentProcess(workplace, settings) as process:
        process.await_line("ready")
        yield process


def everything(stack: LocalStack, workplace: Path) -> dict[str, bytes]:
    """All rows but what people wrote in them, and all files that the agent made, its log among them."""
    with psycopg.connect(stack.database_url) as connection:
        rows = {
            table: repr(
                connection.execute(
                    f"select (to_jsonb(t) - 'images' - 'image_path')::text from public.{table} t".encode()
                ).fetchall()
            ).encode()
            for table in TABLES
        }
    made = (path for path in workplace.rglob("*") if path.is_file() and path.parent != workplace / "images")
    return rows | {str(path.relative_to(workplace)): path.read_bytes() for path in made}


def test_what_is_secret_is_in_nothing_that_is_written(
    stack: LocalStack, queue: Queue, agent: AgentProcess, web: Web, workplace: Path, key: str
) -> None:
    picture = encode(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8), "PNG")
    web.answers = {
        "/good.png": lambda request: request.send(200, picture, {"ETag": '"1"'}),
        "/bad.png": lambda request: request.send(200, picture[:-300]),
        "/late.png": lambda request: request.send(500),
    }
    images = [
        {"image_path": web.url(f"/{name}?token={SIGNED}"), "car_count": 0}
        for name in ("good.png", "good.png", "good.png", "good.png", "bad.png", "none.png", "late.png")
    ]
    done = [
        queue.insert([*images, *SCENES], options=QUICK),
        queue.insert(images[4:], options=QUICK, max_attempts=1),
        queue.insert(
            [*images[:2], *SCENES], models=("Trained_yolov5", "efficientnet_b0"), options=QUICK, max_attempts=1
        ),
        queue.insert(images[:1], models=(MODELS[0], MODELS[0]), options=QUICK),
    ]
    ends = [queue.await_job(job, finished)["status"] for job in done]
    assert ends == ["succeeded", "failed", "failed", "succeeded"]
    secrets = [key, key.split(".")[2], stack.secret_key, stack.jwt_secret, "pw-of-the-database", SIGNED]
    written = everything(stack, workplace)
    assert len(written) > len(TABLES)
    for name, content in written.items():
        leaked = [secret[:12] for secret in secrets for form in forms(secret.encode()) if form in content]
        assert leaked == [], name
        if not name.startswith("cache/images/contents/"):  # where it belongs
            assert not any(form in content for form in forms(picture[200:230])), name
    assert SIGNED not in agent.text
    assert stack.publishable_key not in agent.text


def test_no_process_of_the_agents_inherits_a_secret(
    stack: LocalStack, queue: Queue, agent: AgentProcess, key: str
) -> None:
    queue.insert(SCENES, options=QUICK)
    agent.await_line("job_over")
    environments = [Path(f"/proc/{child.pid}/environ") for child in agent.children]
    assert len(environments) >= 3, "two models, and what decodes images"
    for path in environments:
        content = path.read_bytes() if os.path.exists(path) else b""
        for secret in (key, stack.jwt_secret, "pw-of-the-database", stack.publishable_key):
            assert secret.encode() not in content
