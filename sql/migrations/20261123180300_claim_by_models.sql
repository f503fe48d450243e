-- Jobs that no agent can run stay pending, and every claim walks past them. With the models in the index it need not
-- read their rows for that (from Postgres 17 on; before, it reads them as it did).

do $$
begin
  if pg_get_indexdef(to_regclass('public.jobs_pending_by_turn')) not like '%model_a%' then
    drop index public.jobs_pending_by_turn;
  end if;
end
$$;
create index if not exists jobs_pending_by_turn
  on public.jobs (priority desc, run_at, id, model_a, model_b) where status = 'pending';

-- It may not sort: without statistics, or with some that call its models rare, an older planner would rather read and
-- sort all pending jobs for every claim.
create or replace function arena.start_next_attempt(
  p_agent_id uuid, p_request_id uuid, p_lease_seconds int, p_models text[], p_time_limit_seconds int) returns uuid
language plpgsql set search_path = '' set enable_sort = off as $$
declare
  v_now timestamptz := clock_timestamp();
  v_deadline timestamptz := v_now + make_interval(secs => p_time_limit_seconds);
  v_token uuid := gen_random_uuid();
  -- Without an "or", so that the index can tell.
  v_models text[] := coalesce(p_models, array(select id from public.models));
  v_job record;
begin
  -- Materialized and with every test inside, or the planner may lock more than one row. The status is a literal,
  -- or it cannot prove that the partial index serves.
  with next as materialized (
    select id from public.jobs
    where status = 'pending' and run_at <= v_now and attempt < max_attempts
      and model_a = any (v_models) and model_b = any (v_models)
    order by priority desc, run_at, id
    limit 1
    for update skip locked
  )
  update public.jobs j
  set status = 'running', attempt = j.attempt + 1, started_at = v_now, progress = '{"phase": "claimed"}'
  from next where j.id = next.id
  returning j.id, j.attempt into v_job;
  if not found then
    return null;
  end if;

  insert into public.job_leases (job_id, lease_token, agent_id, request_id, expires_at, deadline_at, renewed_at)
  values (v_job.id, v_token, p_agent_id, p_request_id,
    least(v_deadline, v_now + make_interval(secs => p_lease_seconds)), v_deadline, v_now);
  insert into public.job_attempts (lease_token, job_id, attempt, agent_id, request_id, started_at)
  values (v_token, v_job.id, v_job.attempt, p_agent_id, p_request_id, v_now);
  return v_token;
end
$$;

revoke all on all functions in schema arena from public;
