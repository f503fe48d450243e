"""What the database's own catalogue says about safety."""

from tests.sql.database import Database

AGENT_FUNCTIONS = {
    "register_agent", "claim_job", "renew_lease", "complete_job", "fail_job", "release_job",
    "stale_tallies", "put_ratings", "arena_contract", "queue_state",
}  # fmt: skip
OWNERS_TRIGGERS = {"validate_job", "check_quotas", "tally_results"}
PEOPLE_FUNCTIONS = {"cancel_job", "retry_job"}
UPKEEP_FUNCTIONS = {"prune_jobs", "prune_agents"}

OUR_FUNCTIONS = """
    select p.proname as name, n.nspname as schema, p.prosecdef as definer, p.proconfig as config
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'arena')
"""


def test_every_function_has_an_empty_search_path(database: Database) -> None:
    functions = database.rows(OUR_FUNCTIONS)
    assert len(functions) > 20
    loose = [f["name"] for f in functions if f["config"] is None or 'search_path=""' not in f["config"]]
    assert loose == []


def test_only_these_functions_run_as_their_owner(database: Database) -> None:
    definers = {f["name"] for f in database.rows(OUR_FUNCTIONS) if f["definer"]}
    assert definers == AGENT_FUNCTIONS | PEOPLE_FUNCTIONS | UPKEEP_FUNCTIONS | OWNERS_TRIGGERS


def test_nothing_else_is_exposed_as_an_rpc(database: Database) -> None:
    exposed = {f["name"] for f in database.rows(OUR_FUNCTIONS) if f["schema"] == "public"}
    assert exposed == AGENT_FUNCTIONS | PEOPLE_FUNCTIONS | UPKEEP_FUNCTIONS


def test_every_table_has_row_level_security(database: Database) -> None:
    tables = database.rows(
        "select relname, relrowsecurity from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    )
    assert len(tables) == 12
    assert all(table["relrowsecurity"] for table in tables), tables


def test_row_level_security_stands_on_the_line_after_each_table() -> None:
    from sql.schema import schema

    lines = schema().splitlines()
    tables = [i for i, line in enumerate(lines) if line.startswith("create table if not exists public.")]
    assert len(tables) == 12
    for start in tables:
        end = next(i for i in range(start, len(lines)) if lines[i].startswith(")"))
        end = next(i for i in range(end, len(lines)) if lines[i].endswith(";"))
        name = lines[start].split()[5]
        assert lines[end + 1] == f"alter table {name} enable row level security;"


def test_views_show_what_the_reader_may_see(database: Database) -> None:
    views = database.rows(
        "select relname, reloptions from pg_class where relkind = 'v' and relnamespace = 'public'::regnamespace"
    )
    assert {view["relname"] for view in views} == {
        "live_agents",
        "waiting_jobs",
        "job_list",
        "result_list",
        "model_history",
    }
    assert all("security_invoker=true" in view["reloptions"] for view in views)


def test_the_agents_policies_do_not_call_into_auth(database: Database) -> None:
    policies = database.rows("select policyname, qual from pg_policies where 'arena_agent' = any (roles)")
    assert len(policies) == 1
    assert all("auth." not in policy["qual"] for policy in policies), policies


def test_the_agents_role_can_log_in_only_through_the_api(database: Database) -> None:
    role = database.row("select rolcanlogin, rolbypassrls, rolsuper from pg_roles where rolname = 'arena_agent'")
    assert not any(role.values())
    assert database.value("select pg_has_role('authenticator', 'arena_agent', 'member')")


def test_realtime_carries_jobs_results_and_agents_only(database: Database) -> None:
    members = database.rows("select tablename from pg_publication_tables where pubname = 'supabase_realtime'")
    assert {member["tablename"] for member in members} == {"jobs", "comparison_results", "agents", "machines"}


def test_a_published_table_has_a_primary_key(database: Database) -> None:
    for table in ("jobs", "comparison_results", "agents", "machines"):
        keys = "select count(*) from pg_index where indrelid = %s::regclass and indisprimary"
        assert database.value(keys, table) == 1


def test_no_index_holds_what_a_renewal_writes(database: Database) -> None:
    indexes = database.rows(
        "select indexdef from pg_indexes"
        " where schemaname = 'public' and tablename in ('job_leases', 'agent_heartbeats')"
    )
    assert len(indexes) == 3
    for column in ("expires_at", "renewed_at", "deadline_at", "seen_at"):
        assert all(column not in index["indexdef"] for index in indexes)
