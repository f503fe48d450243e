-- Finished jobs stay until somebody says for how long. docs/queue.md shows how to schedule this with pg_cron.

create index if not exists jobs_by_end on public.jobs (finished_at) where finished_at is not null;

create or replace function arena.check_age(p_field text, p_age interval) returns void
language plpgsql set search_path = '' as $$
begin
  if p_age is null or p_age not between interval '0' and interval '100 years' then
    perform arena.refuse(p_field, format('%s is %s.', p_field, coalesce(p_age::text, 'missing')),
      'Give an age of up to 100 years, like ''30 days''.');
  end if;
end
$$;

create or replace function public.prune_jobs(
  p_older_than interval, p_statuses text[] default '{succeeded,failed,cancelled}', p_limit int default 10000)
returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_before timestamptz;
  v_pruned int;
begin
  perform arena.check_age('p_older_than', p_older_than);
  v_before := clock_timestamp() - p_older_than;
  if p_statuses is null or not p_statuses <@ '{succeeded,failed,cancelled}' then
    perform arena.refuse('p_statuses', 'p_statuses names a status of jobs that are not over.',
      'Give any of: succeeded, failed, cancelled.');
  end if;
  perform arena.check_whole_number('p_limit', to_jsonb(p_limit), 1, 1000000);
  with old as materialized (
    select id from public.jobs
    where finished_at < v_before and status = any (p_statuses)
    order by finished_at
    limit p_limit
    for update skip locked
  )
  delete from public.jobs j using old where j.id = old.id;
  get diagnostics v_pruned = row_count;
  return v_pruned;
end
$$;
comment on function public.prune_jobs is
  'Deletes jobs that ended longer ago than that, at most p_limit, oldest first, with their attempts and results; says how many. Leave succeeded out of p_statuses to keep the results.';

create or replace function public.prune_agents(p_older_than interval) returns int
language plpgsql security definer set search_path = '' as $$
declare
  v_before timestamptz;
  v_pruned int;
begin
  perform arena.check_age('p_older_than', p_older_than);
  v_before := clock_timestamp() - p_older_than;
  -- Never waits for an agent's row, or it could meet prune_jobs, which takes those in another order.
  with silent as materialized (
    select a.id from public.agents a
    where a.updated_at < v_before
      and not exists (select from public.agent_heartbeats h where h.agent_id = a.id and h.seen_at >= v_before)
      and not exists (select from public.job_leases l where l.agent_id = a.id)
    for update of a skip locked
  )
  delete from public.agents a using silent where a.id = silent.id;
  get diagnostics v_pruned = row_count;
  return v_pruned;
end
$$;
comment on function public.prune_agents is
  'Deletes agents that have not been heard of for that long; says how many. One that lives after all registers again.';

revoke all on all functions in schema arena from public;

revoke all on function public.prune_jobs, public.prune_agents
from public, anon, authenticated, service_role, arena_agent;
grant execute on function public.prune_jobs, public.prune_agents to service_role;

notify pgrst, 'reload schema';
