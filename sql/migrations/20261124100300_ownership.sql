-- Who sees and manages what. Public unless arena_settings.private, but what belongs to a user is theirs alone.

-- Owners, and whoever is not a visitor of the API (service_role, a database administrator). Not just anyone for a job
-- that belongs to nobody: then everybody could end what everybody else asked for.
create or replace function arena.may_manage(p_created_by uuid) returns boolean
language sql stable set search_path = '' as $$
  select p_created_by = auth.uid() or not arena.is_visitor()
$$;

create or replace function arena.lock_own_job(p_job_id uuid) returns public.jobs
language plpgsql set search_path = '' as $$
declare
  v_job public.jobs;
begin
  select * into v_job from public.jobs where id = p_job_id and arena.may_manage(created_by) for no key update;
  if not found then
    raise exception 'There is no job % of yours.', p_job_id
      using errcode = 'PT404',
        hint = 'Sign in as the user who inserted it. One that was inserted without signing in belongs to nobody; only the secret key manages it.';
  end if;
  return v_job;
end
$$;

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
  if arena.is_visitor() then
    perform arena.check_pending(v_job.created_by);
  end if;
  return 'pending';
end
$$;

-- Runs as the inserter, whose role decides: people start a job as theirs, pending and untouched, whatever they send.
create or replace function arena.start_as_pending() returns trigger
language plpgsql set search_path = '' as $$
begin
  if current_user = 'anon' and (select private from public.arena_settings) then
    raise exception 'This arena is private.' using errcode = 'insufficient_privilege', hint = 'Sign in to insert a job.';
  end if;
  if current_user in ('anon', 'authenticated') then
    new.created_by := auth.uid();
    new.created_at := clock_timestamp();
    new.run_at := greatest(new.run_at, new.created_at);  -- a date in the past would jump the queue
    new.status := 'pending';
    new.attempt := 0;
    new.progress := null;
    new.error := null;
    new.started_at := null;
    new.finished_at := null;
  end if;
  return new;
end
$$;

-- What Realtime has to see to wake the agent and to tell it that its job was cancelled: not the images, not the owner.
revoke select on table public.models, public.jobs, public.agents from arena_agent;
grant select (id, status) on table public.jobs to arena_agent;
drop policy if exists models_are_public on public.models;
drop policy if exists agents_are_public on public.agents;
drop policy if exists agent_heartbeats_are_public on public.agent_heartbeats;
drop policy if exists comparison_results_are_public on public.comparison_results;

-- The setting is asked once a statement, not once a row, for it stands in a subselect of its own.

drop policy if exists models_are_seen on public.models;
create policy models_are_seen on public.models for select to anon, authenticated
  using ((select auth.uid()) is not null or not (select private from public.arena_settings));

drop policy if exists agents_are_seen on public.agents;
create policy agents_are_seen on public.agents for select to anon, authenticated
  using ((select auth.uid()) is not null or not (select private from public.arena_settings));

drop policy if exists agent_heartbeats_are_seen on public.agent_heartbeats;
create policy agent_heartbeats_are_seen on public.agent_heartbeats for select to anon, authenticated
  using ((select auth.uid()) is not null or not (select private from public.arena_settings));

drop policy if exists jobs_insert_own on public.jobs;
create policy jobs_insert_own on public.jobs for insert to anon, authenticated
  with check (
    created_by is not distinct from (select auth.uid())
    and (created_by is not null or not (select private from public.arena_settings)));

drop policy if exists jobs_select_own_or_ownerless on public.jobs;
create policy jobs_select_own_or_ownerless on public.jobs for select to anon, authenticated
  using (
    created_by = (select auth.uid())
    or (created_by is null and not (select private from public.arena_settings)));

-- Results are public unless the arena is private, whoever asked for them: the leaderboard is made of them. They name
-- no image.
drop policy if exists comparison_results_are_seen on public.comparison_results;
create policy comparison_results_are_seen on public.comparison_results for select to anon, authenticated
  using (
    not (select private from public.arena_settings)
    or exists (select from public.jobs j where j.id = job_id));

revoke all on all functions in schema arena from public;

revoke all on function public.retry_job from public, anon, authenticated, service_role, arena_agent;
grant execute on function public.retry_job to anon, authenticated, service_role;

notify pgrst, 'reload schema';
