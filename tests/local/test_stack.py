"""The stack's life: starting, refusing to start, and leaving nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

import local.postgres
from local import LocalStack, PortTaken, StartupFailed

REPOSITORY = Path(local.__file__).parent.parent
PATIENCE_S = 60.0

#: Starts a stack, names its processes and folders, and waits for ever.
SCRIPT = """
import sys, psutil, threading
from local import LocalStack
with LocalStack() as stack:
    print(*(child.pid for child in psutil.Process().children(recursive=True)))
    print(stack.database_url.partition("host=")[2], flush=True)
    threading.Event().wait()
"""


def test_a_stack_serves_on_a_free_port_and_says_that_it_is_well(bare_stack: LocalStack) -> None:
    assert httpx.get(f"{bare_stack.url}/health").json() == {"status": "ok"}


def test_a_stack_that_does_not_run_says_so() -> None:
    with pytest.raises(StartupFailed, match=r"call start\(\) first"):
        _ = LocalStack().url


def test_keys_stay_out_of_what_is_printed(bare_stack: LocalStack) -> None:
    assert bare_stack.secret_key not in repr(bare_stack.keys)


def test_a_taken_port_is_named_and_nothing_stays_behind() -> None:
    before = _children()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} is in use"):
            LocalStack(port=port).start()
    assert _children() == before


def test_a_stopped_stack_leaves_no_process_and_no_folder() -> None:
    before = _children()
    stack = LocalStack()
    stack.start()
    socket_dir = _socket_dir(stack)
    assert _children() > before
    stack.stop()
    stack.stop()
    assert _children() == before
    assert not socket_dir.exists()


def test_a_data_folder_keeps_the_database_and_the_logs(data_dir: Path) -> None:
    stack = LocalStack(data_dir=data_dir)
    for statement in ("create table kept (id int)", "insert into kept values (1)"):
        with stack, psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute(statement)
    assert (data_dir / "postgres.log").stat().st_size > 0
    assert (data_dir / "server.log").exists()


def test_a_failed_start_tells_the_end_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _children()
    monkeypatch.setitem(local.postgres._SETTINGS, "no_such_setting", "1")
    with pytest.raises(StartupFailed, match="no_such_setting"):
        LocalStack().start()
    assert _children() == before


def test_data_of_another_version_is_refused_in_words(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir()
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartupFailed, match="version"):
        LocalStack(data_dir=data_dir).start()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_parent_that_is_killed(ending: signal.Signals) -> None:
    with _running_script() as (script, processes, socket_dir):
        script.send_signal(ending)
        script.wait(PATIENCE_S)
        _, alive = psutil.wait_procs(processes, PATIENCE_S)
        assert alive == []
        assert not socket_dir.exists()


def test_ctrl_c_in_a_terminal_ends_everything_without_noise_from_node() -> None:
    with _running_script() as (script, processes, _):
        os.killpg(script.pid, signal.SIGINT)
        _, errors = script.communicate(timeout=PATIENCE_S)
        _, alive = psutil.wait_procs(processes, PATIENCE_S)
        assert alive == []
        assert errors.rstrip().endswith("KeyboardInterrupt")
        assert "node:" not in errors


@contextmanager
def _running_script() -> Iterator[tuple["subprocess.Popen[str]", list[psutil.Process], Path]]:
    """The script in a process group of its own, as a terminal would start it."""
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert script.stdout is not None
    with script:
        try:
            processes = [psutil.Process(int(pid)) for pid in script.stdout.readline().split()]
            # The guard, Postgres with its helpers, and Node.
            assert len(processes) > 3
            yield script, processes, Path(script.stdout.readline().strip())
        finally:
            script.kill()


def _children() -> set[int]:
    """Guards and Nodes; what is below them comes and goes, as Postgres's helpers do."""
    return {child.pid for child in psutil.Process().children()}


def _socket_dir(stack: LocalStack) -> Path:
    return Path(stack.database_url.partition("host=")[2])
