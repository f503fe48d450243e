-- What people do to a job after they have inserted it.

-- Owners may; so may anyone on a job that belongs to nobody, and whoever is not a visitor of the API
-- (service_role, a database administrator). The functions below run as their owner, so the role that
-- PostgREST has set is asked, not current_user.
create or replace function arena.may_manage(p_created_by uuid) returns boolean
language sql stable set search_path = '' as $$
  select p_created_by is null
    or p_created_by = auth.uid()
    or current_setting('role') not in ('anon', 'authenticated');
$$;

create or replace function arena.lock_own_job(p_job_id uuid) returns public.jobs
language plpgsql set search_path = '' as $$
declare
  v_job public.jobs;
begin
  select * into v_job from public.jobs where id = p_job_id and arena.may_manage(created_by) for no key update;
  if not found then
    raise exception 'There is no job % of yours.', p_job_id
      using errcode = 'PT404', hint = 'Sign in as the user who inserted it.';
  end if;
  return v_job;
end
$$;

create or replace function public.cancel_job(p_job_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs := arena.lock_own_job(p_job_id);
begin
  if v_job.status in ('succeeded', 'failed') then
    raise exception 'The job has already %.', v_job.status
      using errcode = 'PT409', hint = 'Only a pending or running job can be cancelled.';
  elsif v_job.status <> 'cancelled' then
    perform arena.end_attempt(p_job_id, 'cancelled');
    perform arena.finish_job(p_job_id, 'cancelled', v_job.error);
  end if;
  return 'cancelled';
end
$$;
comment on function public.cancel_job is
  'Cancels a pending or running job at once; its agent learns of it at the next renewal. Answers cancelled, again if it was. HTTP 404 if it is not yours, 409 if it has finished.';

create or replace function public.retry_job(p_job_id uuid) returns text
language plpgsql security definer set search_path = '' as $$
declare
  v_job public.jobs := arena.lock_own_job(p_job_id);
begin
  if v_job.status in ('succeeded', 'cancelled') then
    raise exception 'The job has %.', case v_job.status when 'cancelled' then 'been cancelled' else 'succeeded' end
      using errcode = 'PT409', hint = 'Only a failed job can be retried. Insert a new one instead.';
  elsif v_job.status <> 'failed' then
    return v_job.status;
  end if;
  perform arena.requeue_job(p_job_id, 0, clock_timestamp(), null);
  return 'pending';
end
$$;
comment on function public.retry_job is
  'Makes a failed job pending with all its attempts again. Answers pending, or running if an agent has it by now. HTTP 404 if it is not yours, 409 if it did not fail.';

revoke all on all functions in schema arena from public;

revoke all on function public.cancel_job, public.retry_job
from public, anon, authenticated, service_role, arena_agent;
grant execute on function public.cancel_job, public.retry_job to anon, authenticated, service_role;
