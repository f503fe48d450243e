-- Everything an agent does. Only the database's clock counts; agents send durations.
-- Every call after the claim carries the lease token; without a live lease it changes nothing and says so.

create or replace function public.register_agent(
  p_agent_id uuid, p_name text, p_version text, p_hardware jsonb, p_models text[], p_status text default 'idle')
returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.agents as a (id, name, version, hardware, models, status)
  values (p_agent_id, p_name, p_version, p_hardware, p_models, p_status)
  on conflict (id) do update set
    name = excluded.name, version = excluded.version, hardware = excluded.hardware, models = excluded.models,
    status = excluded.status, job_id = case when excluded.status = 'working' then a.job_id end,
    updated_at = clock_timestamp()
  where (a.name, a.version, a.hardware, a.models, a.status)
    is distinct from (excluded.name, excluded.version, excluded.hardware, excluded.models, excluded.status);
  perform arena.heartbeat(p_agent_id);
end
$$;
comment on function public.register_agent is
  'Says who an agent is and what it does now: idle, working or stopped. Counts as a heartbeat.';

create or replace function public.claim_job(
  p_agent_id uuid, p_request_id uuid, p_lease_seconds int default 60, p_models text[] default null,
  p_time_limit_seconds int default 3600)
returns table (
  job_id uuid, lease_token uuid, attempt int, max_attempts int, lease_seconds double precision,
  model_a text, model_b text, images jsonb, options jsonb, created_at timestamptz, waited_ms double precision)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  v_claim public.job_attempts;
  v_token uuid;
begin
  if not exists (select from public.agents where id = p_agent_id) then
    perform arena.refuse('p_agent_id', format('Agent %s is not registered.', p_agent_id), 'Call register_agent first.');
  end if;
  perform arena.check_whole_number('p_lease_seconds', to_jsonb(p_lease_seconds), 1, 3600);
  perform arena.check_whole_number('p_time_limit_seconds', to_jsonb(p_time_limit_seconds), 1, 604800);

  -- A repeated request waits here for the first one, instead of taking a second job.
  perform pg_advisory_xact_lock(hashtextextended('claim_job ' || p_agent_id, 0));
  select * into v_claim from public.job_attempts where agent_id = p_agent_id and request_id = p_request_id;
  if not found then
    perform arena.take_back_expired_leases();
    v_token := arena.start_next_attempt(p_agent_id, p_request_id, p_lease_seconds, p_models, p_time_limit_seconds);
  elsif arena.lease_state(v_claim.job_id, v_claim.lease_token) = 'held' then
    v_token := v_claim.lease_token;
    perform arena.extend_lease(v_token, p_lease_seconds);
  end if;

  perform arena.put_agent_on(p_agent_id, (select l.job_id from public.job_leases l where l.lease_token = v_token));
  return query
    select j.id, l.lease_token, j.attempt, j.max_attempts,
      extract(epoch from l.expires_at - clock_timestamp())::double precision,
      j.model_a, j.model_b, j.images, j.options, j.created_at,
      extract(epoch from j.started_at - greatest(j.created_at, j.run_at))::double precision * 1000
    from public.job_leases l join public.jobs j on j.id = l.job_id
    where l.lease_token = v_token;
end
$$;
comment on function public.claim_job is
  'Takes the next pending job whose models the agent can run (p_models null: any): no row or one. The same p_request_id again gives the same claim while its lease lasts, and no row after it. Takes back expired leases on the way.';

create or replace function public.renew_lease(
  p_job_id uuid, p_lease_token uuid, p_lease_seconds int default 60, p_progress jsonb default null)
returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_state text;
  v_agent_id uuid;
begin
  perform arena.check_whole_number('p_lease_seconds', to_jsonb(p_lease_seconds), 1, 3600);
  v_state := arena.lease_state(p_job_id, p_lease_token);
  if v_state <> 'held' then
    return case v_state when 'cancelled' then 'cancelled' else 'lost' end;
  end if;
  update public.jobs set progress = p_progress
  where id = p_job_id and p_progress is not null and progress is distinct from p_progress;
  v_agent_id := arena.extend_lease(p_lease_token, p_lease_seconds);
  perform arena.heartbeat(v_agent_id);
  return 'renewed';
end
$$;
comment on function public.renew_lease is
  'Extends a live lease, never past its deadline, and publishes progress if it is given and new: renewed, cancelled or lost.';

create or replace function arena.check_result(p_result jsonb, p_model_a text, p_model_b text) returns void
language plpgsql set search_path = '' as $$
declare
  v_field text;
begin
  foreach v_field in array '{model_a_metrics,model_b_metrics,verdict,environment}'::text[] loop
    if jsonb_typeof(p_result->v_field) is distinct from 'object' then
      perform arena.refuse('p_result.' || v_field, format('p_result.%s is not an object.', v_field),
        'Give model_a_metrics, model_b_metrics, winner, verdict and environment.');
    end if;
  end loop;
  if p_result->>'winner' is null or p_result->>'winner' not in (p_model_a, p_model_b, 'tie') then
    perform arena.refuse('p_result.winner',
      format('The winner is "%s", which did not take part.', left(p_result->>'winner', 80)),
      format('Give %s, %s or tie.', p_model_a, p_model_b));
  end if;
end
$$;

create or replace function arena.insert_image_results(p_job_id uuid, p_image_results jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(p_image_results) is distinct from 'array' then
    perform arena.refuse('p_image_results', 'p_image_results is not an array.', 'Give an array, [] for none.');
  end if;
  -- Path and truth are the job's; the agent need not repeat them.
  insert into public.image_results
    (job_id, side, image_index, model_id, image_path, truth_count, predicted_count, latency_ms, detections)
  select p_job_id, r.side, r.image_index, case r.side when 'a' then j.model_a else j.model_b end,
    j.images->r.image_index->>'image_path', (j.images->r.image_index->>'car_count')::numeric::int,
    r.predicted_count, r.latency_ms, coalesce(r.detections, '[]')
  from public.jobs j,
    jsonb_to_recordset(p_image_results) as r
      (side text, image_index int, predicted_count int, latency_ms double precision, detections jsonb)
  where j.id = p_job_id;
end
$$;

create or replace function public.complete_job(
  p_job_id uuid, p_lease_token uuid, p_result jsonb, p_image_results jsonb default '[]')
returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_state text := arena.lease_state(p_job_id, p_lease_token);
  v_job public.jobs;
  v_agent_id uuid;
begin
  if v_state = 'succeeded' then
    return 'completed';
  elsif v_state <> 'held' then
    return arena.refuse_late_end(p_lease_token, v_state);
  end if;

  select * into v_job from public.jobs where id = p_job_id;
  perform arena.check_result(p_result, v_job.model_a, v_job.model_b);
  v_agent_id := arena.end_attempt(p_job_id, 'succeeded');
  insert into public.comparison_results
    (job_id, model_a_id, model_b_id, model_a_metrics, model_b_metrics, winner, verdict, environment, agent_id)
  values
    (p_job_id, v_job.model_a, v_job.model_b, p_result->'model_a_metrics', p_result->'model_b_metrics',
     p_result->>'winner', p_result->'verdict', p_result->'environment', v_agent_id);
  perform arena.insert_image_results(p_job_id, p_image_results);
  perform arena.finish_job(p_job_id, 'succeeded');
  perform arena.put_agent_on(v_agent_id, null);
  return 'completed';
end
$$;
comment on function public.complete_job is
  'Writes the result, the results of each image and the job''s end, all or nothing: completed, cancelled or lost. Again with the same token: completed, and nothing is written.';

create or replace function public.fail_job(
  p_job_id uuid, p_lease_token uuid, p_error jsonb, p_transient boolean default false)
returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_state text := arena.lease_state(p_job_id, p_lease_token);
  v_job public.jobs;
  v_agent_id uuid;
  v_outcome text;
begin
  if v_state in ('failed', 'retrying') then
    return v_state;
  elsif v_state <> 'held' then
    return arena.refuse_late_end(p_lease_token, v_state);
  end if;
  if jsonb_typeof(p_error->'message') is distinct from 'string' then
    perform arena.refuse('p_error.message', 'p_error has no message.', 'Give {"code": text, "message": text}.');
  end if;

  select * into v_job from public.jobs where id = p_job_id;
  v_outcome := case when p_transient and v_job.attempt < v_job.max_attempts then 'retrying' else 'failed' end;
  v_agent_id := arena.end_attempt(p_job_id, v_outcome, p_error);
  if v_outcome = 'retrying' then
    perform arena.requeue_job(p_job_id, v_job.attempt, clock_timestamp() + arena.backoff(v_job.attempt), p_error);
  else
    perform arena.finish_job(p_job_id, 'failed', p_error);
  end if;
  perform arena.put_agent_on(v_agent_id, null);
  return v_outcome;
end
$$;
comment on function public.fail_job is
  'Ends the attempt with an error: retrying (transient, and attempts are left; after a backoff), failed, cancelled or lost. Again with the same token: the same answer, and nothing is written.';

create or replace function public.release_job(p_job_id uuid, p_lease_token uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_state text := arena.lease_state(p_job_id, p_lease_token);
  v_job public.jobs;
  v_agent_id uuid;
begin
  if v_state = 'released' then
    return 'released';
  elsif v_state <> 'held' then
    return arena.refuse_late_end(p_lease_token, v_state);
  end if;

  select * into v_job from public.jobs where id = p_job_id;
  v_agent_id := arena.end_attempt(p_job_id, 'released');
  perform arena.requeue_job(p_job_id, v_job.attempt - 1, clock_timestamp(), v_job.error);
  perform arena.put_agent_on(v_agent_id, null);
  return 'released';
end
$$;
comment on function public.release_job is
  'Gives the job back without spending an attempt: released, cancelled or lost. Again with the same token: released, and nothing is written.';

revoke all on all functions in schema arena from public;

revoke all on function
  public.register_agent, public.claim_job, public.renew_lease, public.complete_job, public.fail_job, public.release_job
from public, anon, authenticated, service_role, arena_agent;
grant execute on function
  public.register_agent, public.claim_job, public.renew_lease, public.complete_job, public.fail_job, public.release_job
to arena_agent, service_role;
