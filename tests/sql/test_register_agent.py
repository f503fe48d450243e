from tests.sql.database import PEOPLE, Database, Names


def test_an_agent_appears_with_what_it_said_and_is_live(database: Database) -> None:
    agent_id = database.register(p_name="pod-7", p_models=Names(["Trained_yolov5"]), p_hardware={"gpu": "L4"})
    agent = database.row("select * from public.live_agents")
    assert (agent["id"], agent["name"], agent["version"]) == (agent_id, "pod-7", "0.1.0")
    assert (agent["models"], agent["hardware"]) == (["Trained_yolov5"], {"gpu": "L4"})
    assert (agent["status"], agent["job_id"]) == ("idle", None)


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
