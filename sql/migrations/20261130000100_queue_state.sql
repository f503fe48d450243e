-- How long the queue is, for whoever starts and stops agents by it.

-- It may not read all jobs there ever were, as the planner would without statistics: only what is pending and running has
-- an index of its own.
create or replace function public.queue_state()
returns table (pending bigint, due bigint, running bigint, oldest_wait_s double precision)
language plpgsql stable security definer set search_path = '' set enable_seqscan = off as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  return query
  select count(*), count(*) filter (where run_at <= v_now),
    (select count(*) from public.jobs where status = 'running'),
    extract(epoch from v_now - min(run_at) filter (where run_at <= v_now))::double precision
  from public.jobs where status = 'pending';
end
$$;
comment on function public.queue_state is
  'One row: pending jobs, those of them whose time has come (due), running ones, and for how many seconds the longest waiting of the due has waited; null where none is due.';

revoke all on function public.queue_state from public, anon, authenticated, service_role, arena_agent;
grant execute on function public.queue_state to service_role, arena_agent;

notify pgrst, 'reload schema';
