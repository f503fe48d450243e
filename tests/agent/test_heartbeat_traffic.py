"""Heartbeats are not news: they cause no Realtime message."""

import asyncio
import json
import uuid
from contextlib import closing
from dataclasses import replace
from typing import Any

from agent.store import AgentCard
from agent.supabase_store import SupabaseStore
from local import LocalStack
from tests.agent.conftest import MakeSettings
from tests.agent.queue import Queue
from tests.local.listener import Listener, listening

BEATS = 30


def test_renewals_and_claims_in_vain_are_not_told_to_anybody(
    stack: LocalStack, queue: Queue, store: SupabaseStore, stack_settings: MakeSettings, card: AgentCard
) -> None:
    queue.insert()
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    idle_card = replace(card, id=uuid.uuid4(), name="idle")

    def beat(idle: SupabaseStore) -> None:
        for _ in range(BEATS):
            assert store.renew(lease, None) == "renewed"
            assert idle.claim(uuid.uuid4()) is None
            idle.register()

    async def hear(idle: SupabaseStore) -> list[dict[str, Any]]:
        # Every event of every published table; changes come in the order of their commits.
        async with listening(stack, key=stack.secret_key, schema="public") as listener:
            await asyncio.to_thread(beat, idle)
            first = await asyncio.to_thread(queue.insert)
            heard = await until_sentinel(listener, first)
            last = await asyncio.to_thread(queue.insert)
            return heard + await until_sentinel(listener, last)

    with closing(SupabaseStore(stack_settings(), idle_card)) as idle:
        idle.register()
        heard = asyncio.run(hear(idle))
    assert [(change["table"], change["type"]) for change in heard] == [("jobs", "INSERT")] * 2


async def until_sentinel(listener: Listener, job_id: str) -> list[dict[str, Any]]:
    """What came, up to the event of that job."""
    heard = [await listener.next()]
    while job_id not in json.dumps(heard[-1]["record"]):
        heard.append(await listener.next())
    return heard


def test_the_listener_would_have_heard(stack: LocalStack, queue: Queue, store: SupabaseStore) -> None:
    """Progress and a claim are news; the same ears hear them."""

    async def hear() -> list[dict[str, Any]]:
        async with listening(stack, key=stack.secret_key, schema="public") as listener:
            await asyncio.to_thread(work, store, queue)
            sentinel = await asyncio.to_thread(queue.insert)
            return await until_sentinel(listener, sentinel)

    heard = asyncio.run(hear())
    assert [(change["table"], change["type"]) for change in heard] == [
        ("jobs", "INSERT"),
        ("jobs", "UPDATE"),
        ("agents", "UPDATE"),
        ("jobs", "UPDATE"),
        ("jobs", "INSERT"),
    ]


def work(store: SupabaseStore, queue: Queue) -> None:
    """Claim a job, and report progress once."""
    queue.insert()
    lease = store.claim(uuid.uuid4())
    assert lease is not None
    for _ in range(2):
        assert store.renew(lease, {"phase": "load", "fraction": 0.5}) == "renewed"
