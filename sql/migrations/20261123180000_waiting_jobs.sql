-- What a job waits for, so that neither one which no agent can run waits in silence, nor one whose agent has gone silent:
-- its lease is taken back when another agent asks, and until then it calls itself running.

create index if not exists jobs_running on public.jobs (id) where status = 'running';

create or replace view public.waiting_jobs with (security_invoker = true) as
with alive as materialized (select models, job_id from public.live_agents)
select j.id as job_id, w.waiting_for, m.missing_models,
  case
    when w.waiting_for = 'time' then
      format('Waits until %s UTC.', to_char(j.run_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
    when w.waiting_for = 'agent' then 'No agent is running.'
    when w.waiting_for = 'turn' then 'Waits for its turn.'
    when m.missing_models = '{}' then format('No running agent can run both %s and %s.', j.model_a, j.model_b)
    else format('No running agent can run %s.', array_to_string(m.missing_models, ' or '))
  end as message
from public.jobs j
cross join lateral (
  select array(
    select distinct model from unnest(array[j.model_a, j.model_b]) as model
    where not exists (select from alive where model = any (alive.models))
    order by model) as missing_models
) m
cross join lateral (
  select case
    when j.run_at > clock_timestamp() then 'time'
    when not exists (select from alive) then 'agent'
    when not exists (select from alive where array[j.model_a, j.model_b] <@ alive.models) then 'models'
    else 'turn'
  end as waiting_for
) w
where j.status = 'pending'
union all
select j.id, 'agent', '{}',
  case when exists (select from alive where array[j.model_a, j.model_b] <@ alive.models)
    then 'Its agent has gone silent; another takes it over.'
    else 'Its agent has gone silent, and no other is running that could take it over.'
  end
from public.jobs j
where j.status = 'running'
  and not exists (select from alive where alive.job_id = j.id);

comment on view public.waiting_jobs is
  'Jobs that nobody works on, and what each waits for, in a word and in a sentence: pending ones, and running ones whose agent has gone silent.';
comment on column public.waiting_jobs.waiting_for is
  'time: run_at lies ahead. agent: no agent is alive, or its own is not. models: no agent alive can run both models. turn: an agent will take it.';
comment on column public.waiting_jobs.missing_models is 'Those of its two models that no agent alive can run.';

revoke all on table public.waiting_jobs from public, anon, authenticated, service_role, arena_agent;
grant select on table public.waiting_jobs to anon, authenticated, service_role;

notify pgrst, 'reload schema';
