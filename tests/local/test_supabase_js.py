"""The same stack through supabase-js."""

import os
import subprocess
from pathlib import Path

from local import LocalStack
from local.node import node_path

JS_TEST = Path(__file__).parent / "js" / "client.test.mjs"


def test_supabase_js_works_against_the_stack(bare_stack: LocalStack) -> None:
    outcome = subprocess.run(
        [str(node_path()), "--test", "--test-timeout=60000", "--test-reporter=tap", str(JS_TEST)],
        env={**os.environ, "STACK_URL": bare_stack.url, "STACK_KEY": bare_stack.publishable_key},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
