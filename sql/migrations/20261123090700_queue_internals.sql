-- What the queue functions share. Locks are always taken in the order jobs, job_leases, job_attempts, agents,
-- agent_heartbeats, so that no two calls can wait for each other.

-- Locks the job, then says 'held' if the token's lease is live, else how its attempt ended, else 'lost'.
-- The lease is read after the lock is held, by a statement with a snapshot of its own.
create or replace function arena.lease_state(p_job_id uuid, p_lease_token uuid) returns text
language plpgsql set search_path = '' as $$
begin
  perform from public.jobs where id = p_job_id for no key update;
  if exists (
    select from public.job_leases
    where job_id = p_job_id and lease_token = p_lease_token and expires_at > clock_timestamp())
  then
    return 'held';
  end if;
  return coalesce(
    (select outcome from public.job_attempts where lease_token = p_lease_token and job_id = p_job_id), 'lost');
end
$$;

-- The answer to a call whose lease is not held. A late end is kept in the history.
create or replace function arena.refuse_late_end(p_lease_token uuid, p_state text) returns text
language plpgsql set search_path = '' as $$
begin
  update public.job_attempts set refused_at = clock_timestamp() where lease_token = p_lease_token;
  return case p_state when 'cancelled' then 'cancelled' else 'lost' end;
end
$$;

create or replace function arena.extend_lease(p_lease_token uuid, p_lease_seconds int) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_now timestamptz := clock_timestamp();
  v_agent_id uuid;
begin
  update public.job_leases
  set renewed_at = v_now, expires_at = least(deadline_at, v_now + make_interval(secs => p_lease_seconds))
  where lease_token = p_lease_token
  returning agent_id into v_agent_id;
  return v_agent_id;
end
$$;

-- Deletes the lease and closes the attempt; gives the agent that held it.
create or replace function arena.end_attempt(p_job_id uuid, p_outcome text, p_error jsonb default null) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_lease public.job_leases;
begin
  delete from public.job_leases where job_id = p_job_id returning * into v_lease;
  update public.job_attempts set ended_at = clock_timestamp(), outcome = p_outcome, error = p_error
  where lease_token = v_lease.lease_token;
  return v_lease.agent_id;
end
$$;

create or replace function arena.finish_job(p_job_id uuid, p_status text, p_error jsonb default null) returns void
language sql set search_path = '' as $$
  update public.jobs set status = p_status, error = p_error, finished_at = clock_timestamp() where id = p_job_id;
$$;

create or replace function arena.requeue_job(p_job_id uuid, p_attempt int, p_run_at timestamptz, p_error jsonb) returns void
language sql set search_path = '' as $$
  update public.jobs
  set status = 'pending', attempt = p_attempt, run_at = p_run_at, error = p_error,
    progress = null, started_at = null, finished_at = null
  where id = p_job_id;
$$;

create or replace function arena.heartbeat(p_agent_id uuid) returns void
language sql set search_path = '' as $$
  insert into public.agent_heartbeats as h (agent_id, seen_at)
  select id, clock_timestamp() from public.agents where id = p_agent_id
  on conflict (agent_id) do update set seen_at = excluded.seen_at;
$$;

-- Says on which job an agent is, null for none, and that it was heard of.
create or replace function arena.put_agent_on(p_agent_id uuid, p_job_id uuid) returns void
language sql set search_path = '' as $$
  update public.agents
  set status = case when p_job_id is null then 'idle' else 'working' end, job_id = p_job_id, updated_at = clock_timestamp()
  where id = p_agent_id
    and (status, job_id) is distinct from (case when p_job_id is null then 'idle' else 'working' end, p_job_id);
  select arena.heartbeat(p_agent_id);
$$;

-- What an attempt whose lease ran out has to say.
create or replace function arena.expiry_error(p_lease public.job_leases, p_job public.jobs) returns jsonb
language sql set search_path = '' as $$
  select case when p_lease.expires_at >= p_lease.deadline_at
    then jsonb_build_object('code', 'time_limit', 'message',
      format('Attempt %s of %s ran into its time limit.', p_job.attempt, p_job.max_attempts))
    else jsonb_build_object('code', 'lease_expired', 'message',
      format('Attempt %s of %s ended without a word: its agent stopped renewing the lease.', p_job.attempt, p_job.max_attempts))
  end || jsonb_build_object('agent_id', p_lease.agent_id);
$$;

-- Ends the attempt if nobody else has the job locked, and if its lease has still run out once we have.
-- Its agent is gone or stuck, so its row in agents is left alone.
create or replace function arena.take_back(p_lease public.job_leases) returns void
language plpgsql set search_path = '' as $$
declare
  v_job public.jobs;
  v_error jsonb;
begin
  select * into v_job from public.jobs where id = p_lease.job_id for no key update skip locked;
  if not found or not exists (
    select from public.job_leases where lease_token = p_lease.lease_token and expires_at <= clock_timestamp())
  then
    return;
  end if;
  v_error := arena.expiry_error(p_lease, v_job);
  perform arena.end_attempt(v_job.id, 'expired', v_error);
  if v_job.attempt < v_job.max_attempts then
    perform arena.requeue_job(v_job.id, v_job.attempt, v_job.run_at, v_error);
  else
    perform arena.finish_job(v_job.id, 'failed', v_error);
  end if;
end
$$;

-- Looks at job_leases alone, one row for every running job. Joined to jobs, which is large, a planner without
-- statistics might read all of it.
create or replace function arena.take_back_expired_leases() returns void
language plpgsql set search_path = '' as $$
declare
  v_lease public.job_leases;
begin
  for v_lease in select * from public.job_leases where expires_at <= clock_timestamp() loop
    perform arena.take_back(v_lease);
  end loop;
end
$$;

-- Starts an attempt at the next job whose turn it is; gives its new token, or null if there is none.
create or replace function arena.start_next_attempt(
  p_agent_id uuid, p_request_id uuid, p_lease_seconds int, p_models text[], p_time_limit_seconds int) returns uuid
language plpgsql set search_path = '' as $$
declare
  v_now timestamptz := clock_timestamp();
  v_deadline timestamptz := v_now + make_interval(secs => p_time_limit_seconds);
  v_token uuid := gen_random_uuid();
  v_job record;
begin
  -- Materialized and with every test inside, or the planner may lock more than one row. The status is a literal,
  -- or it cannot prove that the partial index serves.
  with next as materialized (
    select id from public.jobs
    where status = 'pending' and run_at <= v_now and attempt < max_attempts
      and (p_models is null or (model_a = any (p_models) and model_b = any (p_models)))
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

-- Half to all of 5 s · 2^(attempt - 1), at most five minutes: spread out, so that what failed together is not retried together.
create or replace function arena.backoff(p_attempt int) returns interval
language sql volatile set search_path = '' as $$
  select make_interval(secs => least(300, 5 * power(2, p_attempt - 1)) * (0.5 + random() / 2));
$$;

revoke all on all functions in schema arena from public;
