"""A double click on a page with the real supabase-js: one job, whatever is lost on the way."""

import json
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local import LocalStack
from local.node import SERVER_DIR, node_path
from tests.agent.web import Request, Web

# What a page needs, as docs/queue.md shows it.
(SUBMIT,) = re.findall(
    r"```js\n(.*?)```", (Path(__file__).parents[1] / "docs" / "queue.md").read_text("utf-8"), re.DOTALL
)
SCRIPT = """
import {{ createRequire }} from "node:module";
const {{ createClient }} = createRequire("{server}/package.json")("@supabase/supabase-js");
const supabase = createClient(process.env.URL, process.env.KEY);
const job = {{
  model_a: "Trained_yolov5", model_b: "Trained_yolov8",
  images: [{{ image_path: "https://example.com/street.jpg", car_count: 4 }}],
}};
{submit}
const key = process.env.FORM;
console.log(JSON.stringify({answers}));
"""


@pytest.fixture
def database(stack: LocalStack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute("delete from jobs")
        yield database
        database.execute("delete from jobs")


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as web:
        yield web


def run(folder: Path, url: str, key: str, answers: str) -> list[dict[str, dict[str, str]]]:
    """What supabase-js answered, each with ``data`` and ``error``."""
    script = folder / "page.mjs"
    script.write_text(SCRIPT.format(server=SERVER_DIR, submit=SUBMIT, answers=answers), "utf-8")
    node = subprocess.run(
        [str(node_path()), str(script)],
        env={**os.environ, "URL": url, "KEY": key, "FORM": str(uuid.uuid4())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert node.returncode == 0, node.stderr
    said: list[dict[str, dict[str, str]]] = json.loads(node.stdout)
    return said


def jobs(database: psycopg.Connection) -> list[str]:
    return [str(row[0]) for row in database.execute("select id from jobs").fetchall()]


def test_two_clicks_at_once_are_one_job(stack: LocalStack, database: psycopg.Connection, tmp_path: Path) -> None:
    answers = "await Promise.all([submit(job, key), submit(job, key), submit(job, key)])"
    said = run(tmp_path, stack.url, stack.publishable_key, answers)
    assert [answer["error"] for answer in said] == [None] * 3
    assert {answer["data"]["id"] for answer in said} == set(jobs(database))
    assert len(jobs(database)) == 1


def test_a_click_after_a_lost_reply_is_the_same_job(
    web: Web, stack: LocalStack, database: psycopg.Connection, tmp_path: Path
) -> None:
    def lose_the_first(request: Request) -> None:
        if web.asked[request.path.partition("?")[0]] == 1:
            assert request.send_on(stack.url).is_success
            request.hang_up()
        else:
            request.pass_on(stack.url)

    web.answers = {"/rest/v1/jobs": lose_the_first}
    lost, again = run(tmp_path, web.url(), stack.publishable_key, "[await submit(job, key), await submit(job, key)]")
    assert lost["error"]
    assert [again["data"]["id"]] == jobs(database)
