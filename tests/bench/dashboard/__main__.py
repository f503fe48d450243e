"""`python -m tests.bench.dashboard`: commit → visible, beside the bare Realtime message; first page → usable."""

import argparse
import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Sequence
from threading import Event, Thread

import numpy as np
import psycopg
from playwright.sync_api import Browser, Page, sync_playwright
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from agent.credentials import Credentials
from agent.realtime import Binding, Change, Subscription
from local import LocalStack
from local.dashboard import build
from local.node import node_path
from tests.dashboard.conftest import CHROMIUM, FLAGS, prepare, start
from tests.dashboard.rows import Connection, insert_job, insert_result, set_status

LIMIT_MS = 10_000
#: Nothing is asked of the page for so long: what a test tool runs in it would be timed with it.
UNDISTURBED_MS = 3_000

#: Notes, within the page, when a battle could be started and this was painted.
WATCH_USABLE = """
  new MutationObserver((_, observer) => {
    const button = document.querySelector("form button[type=submit]");
    if (!button || button.disabled) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.usableMs = performance.now(); }));
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["disabled"] });
"""


class Listener:
    """A bare Realtime subscription, beside the page: when each result's message came."""

    def __init__(self, stack: LocalStack) -> None:
        self.arrived: dict[str, float] = {}
        self._ready = Event()
        binding = Binding("comparison_results", "INSERT")
        credentials = Credentials(stack.publishable_key)
        subscription = Subscription(stack.url, credentials, [binding], on_change=self._note, on_ready=self._ready.set)
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(subscription.run())
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(30)

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError), contextlib.closing(self._loop):
            self._loop.run_until_complete(self._task)

    def _note(self, change: Change) -> None:
        self.arrived[str(change.record["job_id"])] = time.perf_counter()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()


def arrivals(stack: LocalStack, browser: Browser, rounds: int) -> tuple[list[float], list[float]]:
    """Of each result, ms from its commit until the page shows it, and until the bare message came."""
    seen, heard = list[float](), list[float]()
    listener = Listener(stack)
    page = browser.new_page()
    with psycopg.connect(stack.database_url, autocommit=True, row_factory=dict_row) as database:
        for _ in range(rounds):
            job, committed, visible = one_arrival(stack, database, page)
            seen.append(1000 * (visible - committed))
            heard.append(1000 * (listener.arrived.get(job, float("nan")) - committed))
    page.close()
    listener.stop()
    return seen, heard


def one_arrival(stack: LocalStack, database: Connection, page: Page) -> tuple[str, float, float]:
    """The job, and when its result was committed and visible."""
    job = insert_job(database, "running")
    page.goto(f"{stack.url}/#/battle/{job}")
    page.get_by_role("heading", name="The battle is on").wait_for()
    page.wait_for_timeout(300)
    done = insert_result(database)
    database.execute("delete from public.image_results where job_id = %s", [done])
    with database.transaction():
        set_status(database, job, "succeeded")
        database.execute(
            "insert into public.comparison_results"
            " (job_id, model_a_id, model_b_id, model_a_metrics, model_b_metrics, winner, verdict, environment)"
            " select %s, model_a_id, model_b_id, model_a_metrics, model_b_metrics, winner, verdict, environment"
            " from public.comparison_results where job_id = %s",
            [job, done],
        )
    committed = time.perf_counter()
    page.get_by_role("heading", name="wins").wait_for(timeout=LIMIT_MS)
    return job, committed, time.perf_counter()


def openings(stack: LocalStack, browser: Browser, rounds: int, slowdown: int) -> list[float]:
    """Of each visit by somebody new, ms from the start of navigation until the button can be pressed."""
    times = []
    for _ in range(rounds):
        context = browser.new_context()
        page = context.new_page()
        page.add_init_script(WATCH_USABLE)
        if slowdown > 1:
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
        page.goto(stack.url, wait_until="commit")
        page.wait_for_timeout(UNDISTURBED_MS)
        page.wait_for_function("() => window.usableMs")
        times.append(float(page.evaluate("() => window.usableMs")))
        context.close()
    return times


def measure(stack: LocalStack, browser: Browser, rounds: int, visits: int, show: Callable[[Table], object]) -> None:
    table = Table("", "median ms", "p95 ms", "")
    seen, heard = arrivals(stack, browser, rounds)
    add(table, "commit → bare Realtime message", heard)
    add(table, "commit → visible on the page", seen, f"{np.median(seen) / np.nanmedian(heard):.1f} × the message")
    quick = openings(stack, browser, visits, 1)
    add(table, "first page → usable", quick)
    slow = openings(stack, browser, visits, 4)
    add(table, "the same, processor 4 × slower", slow, f"{np.median(slow) / np.median(quick):.1f} ×")
    show(table)


def add(table: Table, name: str, times: Sequence[float], note: str = "") -> None:
    table.add_row(name, f"{np.nanmedian(times):.0f}", f"{np.nanpercentile(times, 95):.0f}", note)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dashboard", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--visits", type=int, default=10)
    wanted = parser.parse_args(arguments)
    build()
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(node_path())
    with start() as stack, sync_playwright() as playwright:
        prepare(stack)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        measure(stack, browser, wanted.rounds, wanted.visits, Console().print)
        browser.close()


if __name__ == "__main__":
    main()
