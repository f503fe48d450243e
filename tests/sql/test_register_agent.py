import agent.store
from sql.migration import CONTRACT, migrations
from tests.sql.database import PEOPLE, Database, Names


def test_an_agent_appears_with_what_it_said_and_is_live(database: Database) -> None:
    agent_id = database.register(p_name="pod-7", p_models=Names(["Trained_yolov5"]), p_hardware={"gpu": "L4"})
    row = database.row("select * from public.live_agents")
    assert (row["id"], row["name"], row["version"]) == (agent_id, "pod-7", "0.1.0")
    assert (row["models"], row["hardware"]) == (["Trained_yolov5"], {"gpu": "L4"})
    assert (row["status"], row["job_id"]) == ("idle", None)


def test_the_same_words_again_are_a_heartbeat_and_no_change(database: Database) -> None:
    agent_id = database.register()
    before = database.row("select xmin, ctid, updated_at from public.agents")
    seen = database.value("select seen_at from public.agent_heartbeats")
    database.call(
        "register_agent", p_agent_id=agent_id, p_name="agent", p_version="0.1.0",
        p_hardware={"gpu": None}, p_models=Names(),
    )  # fmt: skip
    assert database.row("select xmin, ctid, updated_at from public.agents") == before
    assert database.value("select seen_at from public.agent_heartbeats") > seen


def test_a_stopped_agent_is_not_live_and_has_no_job(database: Database) -> None:
    held = database.held_job()
    database.call(
        "register_agent", p_agent_id=held.agent_id, p_name="agent", p_version="0.1.0",
        p_hardware={}, p_models=Names(), p_status="stopped",
    )  # fmt: skip
    assert database.row("select status, job_id from public.agents") == {"status": "stopped", "job_id": None}
    for role in PEOPLE:
        assert database.rows("select * from public.live_agents", role=role) == []


def test_an_agent_not_heard_of_for_two_minutes_is_not_live(database: Database) -> None:
    database.register()
    for seconds, live in ((110, 1), (130, 0)):
        past = "update public.agent_heartbeats set seen_at = clock_timestamp() - make_interval(secs => %s)"
        database.rows(past, seconds)
        assert len(database.rows("select * from public.live_agents")) == live


def test_an_unknown_status_is_refused(database: Database) -> None:
    with database.refused() as refusal:
        database.register(p_status="asleep")
    assert "agents_status_known" in refusal.message


def test_what_keeps_an_agent_from_work_is_seen_by_all(database: Database) -> None:
    database.register(p_problem="This machine has no GPU.", p_contract=2)
    for role in PEOPLE:
        assert database.rows("select problem, contract from public.live_agents", role=role) == [
            {"problem": "This machine has no GPU.", "contract": 2}
        ]
    job = database.insert_job()
    waiting = database.row("select waiting_for, missing_models from public.waiting_jobs where job_id = %s", job)
    assert waiting == {"waiting_for": "models", "missing_models": ["Trained_yolov5", "Trained_yolov8"]}


def test_a_problem_that_is_too_long_is_cut_and_an_empty_one_is_none(database: Database) -> None:
    for said, kept in (("ä" * 1000, "ä" * 500), ("", None)):
        agent_id = database.register(p_problem=said)
        assert database.value("select problem from public.agents where id = %s", agent_id) == kept


def test_an_agent_that_does_not_say_its_contract_speaks_the_first(database: Database) -> None:
    agent_id = database.register()
    assert database.row("select problem, contract from public.agents where id = %s", agent_id) == {
        "problem": None, "contract": 1,
    }  # fmt: skip


def test_an_agent_older_than_any_that_is_served_is_told_so(database: Database) -> None:
    database.register(p_contract=1)
    database.rows(
        "create or replace function arena.contract(out contract int, out oldest_contract int)"
        " language sql immutable set search_path = '' as 'select 3, 2'"
    )
    with database.refused() as refusal:
        database.register()
    assert refusal.sqlstate == "22023"
    assert refusal.message == (
        "This agent is too old for the database: it speaks contract 1, and the oldest served is 2."
    )
    assert refusal.hint == "Install a newer version of the agent and start it again."
    for contract in (2, 3, 4):
        database.register(p_contract=contract)


def test_a_database_says_its_contract_and_its_migrations(database: Database) -> None:
    said = database.value("select public.arena_contract()", role="arena_agent")
    assert (said["contract"], said["oldest_contract"]) == (CONTRACT, 1)
    assert agent.store.CONTRACT <= CONTRACT, "this agent can work at this database"
    assert said["migrations"] == [migration.version for migration in migrations()]


def test_one_without_a_record_of_its_migrations_says_none(database: Database) -> None:
    database.rows("drop schema supabase_migrations cascade")
    assert database.value("select public.arena_contract()", role="service_role")["migrations"] == []


def test_an_agent_whose_row_is_taken_away_ends_its_job_and_is_told_at_the_next_claim(database: Database) -> None:
    """As by a migration that serves its contract no longer."""
    held = database.held_job()
    database.rows("delete from public.agents")
    assert (held.renew(), held.complete()) == ("renewed", "completed")
    database.insert_job()
    with database.refused() as refusal:
        database.claim(held.agent_id)
    assert "is not registered" in refusal.message
