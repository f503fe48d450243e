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

-- Ends the attempts whose lease ran out. Their agents are gone or stuck, so their rows in agents are left alone.
create or replace function arena.take_back_expired_leases() returns void
language plpgsql set search_path = '' as $$
declare
  v_expired record;
  v_error jsonb;
begin
  for v_expired in
    select l.job_id, l.lease_token, l.agent_id, l.expires_at >= l.deadline_at as ran_too_long,
      j.attempt, j.max_attempts, j.run_at
    from public.job_leases l join public.jobs j on j.id = l.job_id
    where l.expires_at <= clock_timestamp()
    for update of j skip locked
  loop
    -- Between the look and the lock it may have been renewed or ended.
    continue when not exists (
      select from public.job_leases
      where lease_token = v_expired.lease_token and expires_at <= clock_timestamp());
    v_error := jsonb_build_object(
      'code', case when v_expired.ran_too_long then 'time_limit' else 'lease_expired' end,
      'message', case when v_expired.ran_too_long
        then format('Attempt %s of %s ran into its time limit.', v_expired.attempt, v_expired.max_attempts)
        else format('Attempt %s of %s ended without a word: its agent stopped renewing the lease.',
          v_expired.attempt, v_expired.max_attempts) end,
      'agent_id', v_expired.agent_id);
    perform arena.end_attempt(v_expired.job_id, 'expired', v_error);
    if v_expired.attempt < v_expired.max_attempts then
      perform arena.requeue_job(v_expired.job_id, v_expired.attempt, v_expired.run_at, v_error);
    else
      perform arena.finish_job(v_expired.job_id, 'failed', v_error);
    end if;
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
