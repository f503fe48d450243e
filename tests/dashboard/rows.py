"""Rows as agents write them."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

import demo
from tests.agent.rows import A, B, tie_row, winner_row

Connection = psycopg.Connection[dict[str, Any]]
MANIFEST = json.loads((Path(demo.__file__).parent / "scenes" / "manifest.json").read_text("utf-8"))
IMAGES = MANIFEST[:6]


def insert(database: Connection, table: str, **columns: Any) -> None:
    values = [Jsonb(value) if isinstance(value, dict | list) else value for value in columns.values()]
    marks = ", ".join("%s" for _ in columns)
    database.execute(f"insert into public.{table} ({', '.join(columns)}) values ({marks})".encode(), values)


def insert_job(database: Connection, status: str = "pending", **columns: Any) -> str:
    """A job in one of its states; gives its id."""
    job_id = str(uuid4())
    insert(database, "jobs", **{"id": job_id, "model_a": A, "model_b": B, "images": IMAGES, **columns})
    if status != "pending":
        set_status(database, job_id, "running", attempt=1)
    if status not in ("pending", "running"):
        set_status(database, job_id, status)
    return job_id


def set_status(database: Connection, job_id: str, status: str, **columns: Any) -> None:
    changes = {"status": status, **columns}
    if status == "running":
        changes["started_at"] = "now()"
    elif status != "pending":
        changes["finished_at"] = "now()"
    if status == "failed":
        changes["error"] = {"code": "broken", "message": "The weights are missing.", "hint": "Put them there."}
    names = ", ".join(f"{name} = %s" for name in changes)
    values = [Jsonb(value) if isinstance(value, dict) else value for value in changes.values()]
    database.execute(f"update public.jobs set {names} where id = %s".encode(), [*values, job_id])


def insert_result(database: Connection, winner: str = B, machine: str = "m1", **job: Any) -> str:
    """A battle that has ended, with all its images; gives the job's id."""
    job_id = insert_job(database, "succeeded", **job)
    row = tie_row() if winner == "tie" else winner_row()
    row["winner"] = winner
    row["environment"] |= {"hardware_fingerprint": machine, "devices": ["cpu", "cpu"]}
    insert(database, "comparison_results", job_id=job_id, **row)
    for index, image in enumerate(IMAGES):
        for side, model, boxes in (("a", A, image["boxes"][:-1]), ("b", B, image["boxes"])):
            insert(
                database,
                "image_results",
                job_id=job_id,
                side=side,
                image_index=index,
                model_id=model,
                image_path=image["image_path"],
                truth_count=image["car_count"],
                predicted_count=len(boxes),
                latency_ms=24.0,
                detections=[{"box": box, "score": 0.9, "label": "car"} for box in boxes],
            )
    return job_id


def insert_many_results(database: Connection, count: int) -> None:
    """As quickly as may be: one statement for the jobs, one for the results."""
    row = winner_row()
    row["environment"] |= {"hardware_fingerprint": "m1", "devices": ["cpu", "cpu"]}
    database.execute(
        b"insert into public.jobs (model_a, model_b, images, idempotency_key)"
        b" select %s, %s, %s, 'many ' || n from generate_series(1, %s) as n",
        [A, B, Jsonb(IMAGES[:1]), count],
    )
    for status in ("running", "succeeded"):
        database.execute(
            b"update public.jobs set status = %s, attempt = 1, started_at = now(),"
            b" finished_at = case when %s = 'succeeded' then now() end where idempotency_key like 'many %%'",
            [status, status],
        )
    database.execute(
        b"insert into public.comparison_results"
        b" (job_id, model_a_id, model_b_id, model_a_metrics, model_b_metrics, winner, verdict, environment)"
        b" select id, model_a, model_b, %s, %s, model_b, %s, %s from public.jobs where idempotency_key like 'many %%'",
        [Jsonb(row[name]) for name in ("model_a_metrics", "model_b_metrics", "verdict", "environment")],
    )


def insert_agent(database: Connection, name: str = "pod-1", models: tuple[str, ...] = (A, B)) -> str:
    agent_id = str(uuid4())
    hardware = {"cpu": {"model": "AMD EPYC", "logical_cores": 2}, "gpu": None}
    insert(database, "agents", id=agent_id, name=name, version="0.1.0", hardware=hardware)
    database.execute(b"update public.agents set models = %s where id = %s", [list(models), agent_id])
    insert(database, "agent_heartbeats", agent_id=agent_id, seen_at="now()")
    return agent_id
