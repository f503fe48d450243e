"""The README's JavaScript, as it stands, with the real supabase-js."""

import os
import re
import subprocess
import time
import uuid
from pathlib import Path

import psycopg

from local import LocalStack
from local.node import SERVER_DIR, node_path

README = Path(__file__).parents[1] / "README.md"
PRELUDE = """
import {{ createRequire }} from "node:module";
const {{ createClient }} = createRequire("{server}/package.json")("@supabase/supabase-js");
const supabase = createClient(process.env.URL, process.env.KEY, {{
  realtime: {{ logger: (kind, message, data) => console.log(kind, message, JSON.stringify(data) ?? "") }},
}});
"""
RESULT = (
    '{"model_a_metrics": {}, "model_b_metrics": {}, "winner": "tie", '
    '"verdict": {"sentence": "A tie, says the test."}, "environment": {}}'
)


def test_the_readmes_front_end_inserts_a_job_and_sees_its_result_arrive(stack: LocalStack, tmp_path: Path) -> None:
    (code,) = re.findall(r"```js\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    script = tmp_path / "front_end.mjs"
    script.write_text(PRELUDE.format(server=SERVER_DIR) + code, "utf-8")
    log = tmp_path / "log"
    with log.open("wb") as out, psycopg.connect(stack.database_url, autocommit=True) as database:
        database.execute("delete from jobs")  # of other tests
        node = subprocess.Popen(
            [str(node_path()), str(script)],
            env={**os.environ, "URL": stack.url, "KEY": stack.publishable_key},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _await(log, "Subscribed to PostgreSQL")
            _complete_the_job(database)
            _await(log, "tie A tie, says the test.")
        finally:
            node.kill()
            node.wait()


def _complete_the_job(database: psycopg.Connection) -> None:
    agent = uuid.uuid4()
    database.execute("select register_agent(%s, 'readme', '1', '{}', '{}')", [agent])
    claim = database.execute("select job_id, lease_token from claim_job(%s, %s)", [agent, uuid.uuid4()]).fetchone()
    assert claim is not None
    database.execute("select complete_job(%s, %s, %s)", [*claim, RESULT])


def _await(log: Path, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in (said := log.read_text("utf-8")):
        assert time.monotonic() < deadline, said
        time.sleep(0.05)
