"""How long the queue is."""

import pytest

from tests.sql.database import Database, Row


def state(database: Database) -> Row:
    (row,) = database.call("queue_state")
    return row


def test_an_empty_queue_has_nobody_waiting(database: Database) -> None:
    assert state(database) == {"pending": 0, "due": 0, "running": 0, "oldest_wait_s": None}


def test_jobs_are_counted_by_what_they_are_at(database: Database) -> None:
    database.held_job()
    database.held_job().complete()
    database.insert_job("service_role", run_at="2999-01-01")
    later = state(database)
    assert later == {"pending": 1, "due": 0, "running": 1, "oldest_wait_s": None}
    for _ in range(2):
        database.insert_job()
    assert state(database) | {"oldest_wait_s": None} == later | {"pending": 3, "due": 2}


def test_the_wait_is_that_of_the_oldest_that_is_due_whatever_its_priority(database: Database) -> None:
    for seconds, priority in ((30, 0), (90, -5), (60, 5)):
        job_id = database.insert_job(priority=priority)
        waited = "update public.jobs set run_at = clock_timestamp() - make_interval(secs => %s) where id = %s"
        database.rows(waited, seconds, job_id)
    assert state(database)["oldest_wait_s"] == pytest.approx(90, abs=5)


FILL = """
    alter table public.jobs disable trigger user;
    insert into public.jobs (model_a, model_b, images, status, attempt, started_at, finished_at)
      select 'Trained_yolov5', 'Trained_yolov8', '[]', 'succeeded', 1, clock_timestamp(), clock_timestamp()
      from generate_series(1, 20000);
    insert into public.jobs (model_a, model_b, images)
      select 'Trained_yolov5', 'Trained_yolov8', '[]' from generate_series(1, 1000);
    alter table public.jobs enable trigger user;
"""


def blocks(database: Database) -> int:
    """How many are read to tell the queue's length."""
    database.call("queue_state")  # its plans are made once a connection
    (explained,) = database.value("explain (analyze, buffers, format json) select * from public.queue_state()")
    return int(explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"])


def test_jobs_that_are_over_are_not_read(database: Database) -> None:
    """Before the first statistics, too."""
    database.rows(FILL)
    assert state(database)["pending"] == 1000
    along_the_indexes = blocks(database)
    for setting in ("seqscan = on", "indexscan = off", "bitmapscan = off"):
        database.rows(f"alter function public.queue_state set enable_{setting}")
    assert 5 * along_the_indexes < blocks(database), "the test can fail"
