"""The lines of docs/frontend.md, as they stand, with the real supabase-js."""

import os
import re
import subprocess
import time
from pathlib import Path

from local import LocalStack
from local.dashboard import FOLDER
from local.node import node_path
from tests.agent.rows import winner_row
from tests.dashboard.rows import Connection, insert, set_status

DOC = Path(__file__).parents[2] / "docs" / "frontend.md"
LIMIT_S = 30.0


def test_thirty_lines_are_a_front_end(site: LocalStack, database: Connection) -> None:
    (code,) = re.findall(r"```js\n(.*?)```", DOC.read_text("utf-8"), re.DOTALL)
    assert len(code.splitlines()) <= 30
    node = subprocess.Popen(
        [str(node_path()), "--input-type=module", "--eval", code],
        cwd=FOLDER,  # where supabase-js is installed
        env={**os.environ, "SUPABASE_URL": site.url, "SUPABASE_PUBLISHABLE_KEY": site.publishable_key},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    job = await_job(database)
    time.sleep(1.0)  # let it listen; were it late, it would read
    set_status(database, job, "running", attempt=1)
    set_status(database, job, "succeeded")
    insert(database, "comparison_results", job_id=job, **winner_row())
    out, err = node.communicate(timeout=LIMIT_S)
    assert (node.returncode, err) == (0, "")
    assert out.startswith("Trained_yolov8 Trained_yolov8 wins: 6.1 points better in accuracy")
    assert out.count("\n") == 1, "shown once"


def await_job(database: Connection) -> str:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        if row := database.execute("select id from public.jobs").fetchone():
            return str(row["id"])
        time.sleep(0.05)
    raise AssertionError("no job came")
