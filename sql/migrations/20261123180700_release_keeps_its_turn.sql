-- A job that is given back has waited already: it keeps its place, as one that is taken back does.

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
  perform arena.requeue_job(p_job_id, v_job.attempt - 1, v_job.run_at, v_job.error);
  perform arena.put_agent_on(v_agent_id, null);
  return 'released';
end
$$;
