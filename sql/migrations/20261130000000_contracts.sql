-- Which agents a database serves, and why a living one cannot work.
--
-- A contract is a number for what agents and databases may ask of each other. An agent says the one that it was written
-- for; 1 is what was there before this migration, whose agents do not say. docs/upgrades.md has the rest.

create or replace function arena.contract(out contract int, out oldest_contract int)
language sql immutable set search_path = '' as $$ select 2, 1 $$;

alter table public.agents
  add column if not exists problem text
    constraint agents_problem_is_a_sentence check (length(problem) between 1 and 500),
  add column if not exists contract int not null default 1;

comment on column public.agents.problem is 'Why it cannot work although it is alive, in a sentence; null where it can.';
comment on column public.agents.contract is 'The contract that it was written for.';

create or replace view public.live_agents with (security_invoker = true) as
select a.id, a.name, a.version, a.hardware, a.models, a.status, a.job_id, a.started_at, a.updated_at, h.seen_at, a.problem,
  a.contract
from public.agents a
join public.agent_heartbeats h on h.agent_id = a.id
where a.status <> 'stopped' and h.seen_at > clock_timestamp() - interval '2 minutes';

create or replace function arena.check_contract(p_contract int) returns void
language plpgsql set search_path = '' as $$
declare
  v_oldest int := (select oldest_contract from arena.contract());
begin
  if p_contract < v_oldest then
    perform arena.refuse('p_contract',
      format('This agent is too old for the database: it speaks contract %s, and the oldest served is %s.', p_contract, v_oldest),
      'Install a newer version of the agent and start it again.');
  end if;
end
$$;

-- PostgREST cannot choose between two of a name, so the old one goes. Its six arguments, named, still call the new one.
drop function if exists public.register_agent(uuid, text, text, jsonb, text[], text);

create or replace function public.register_agent(
  p_agent_id uuid, p_name text, p_version text, p_hardware jsonb, p_models text[], p_status text default 'idle',
  p_problem text default null, p_contract int default 1)
returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform arena.check_contract(p_contract);
  insert into public.agents as a (id, name, version, hardware, models, status, problem, contract)
  values (
    p_agent_id, p_name, p_version, p_hardware, p_models, p_status, nullif(left(p_problem, 500), ''), p_contract)
  on conflict (id) do update set
    name = excluded.name, version = excluded.version, hardware = excluded.hardware, models = excluded.models,
    status = excluded.status, problem = excluded.problem, contract = excluded.contract,
    job_id = case when excluded.status = 'working' then a.job_id end, updated_at = clock_timestamp()
  where (a.name, a.version, a.hardware, a.models, a.status, a.problem, a.contract)
    is distinct from (excluded.name, excluded.version, excluded.hardware, excluded.models, excluded.status,
      excluded.problem, excluded.contract);
  perform arena.heartbeat(p_agent_id);
end
$$;
comment on function public.register_agent is
  'Says who an agent is, what it does now (idle, working or stopped), what keeps it from work, and which contract it speaks. Counts as a heartbeat.';

create or replace function public.arena_contract() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_versions text[] := '{}';
begin
  -- Who applied the migrations by hand has no record of them.
  if to_regclass('supabase_migrations.schema_migrations') is not null then
    v_versions := array(select version from supabase_migrations.schema_migrations order by version);
  end if;
  return (
    select jsonb_build_object(
      'contract', contract, 'oldest_contract', oldest_contract, 'migrations', to_jsonb(v_versions))
    from arena.contract());
end
$$;
comment on function public.arena_contract is
  'The contract that this database speaks, the oldest one that it serves, and the versions of the migrations in it.';

revoke all on all functions in schema arena from public;

revoke all on function public.register_agent, public.arena_contract
from public, anon, authenticated, service_role, arena_agent;
grant execute on function public.register_agent, public.arena_contract to service_role, arena_agent;

notify pgrst, 'reload schema';
