-- The processes that work jobs off, and when each was last heard of.

create table if not exists public.agents (
  id uuid primary key,
  name text not null,
  version text not null,
  hardware jsonb not null default '{}',
  models text[] not null default '{}',
  status text not null default 'idle',
  job_id uuid references public.jobs (id) on delete set null,
  started_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint agents_status_known check (status in ('idle', 'working', 'stopped')),
  constraint agents_only_the_working_have_a_job check (job_id is null or status = 'working'),
  constraint agents_hardware_is_an_object check (jsonb_typeof(hardware) = 'object')
) with (fillfactor = 70);
alter table public.agents enable row level security;

comment on table public.agents is 'One row for every agent process. Written only when something changed, since it is published.';
comment on column public.agents.models is 'Ids of the models it can run.';
comment on column public.agents.job_id is 'What it works on.';

create table if not exists public.agent_heartbeats (
  agent_id uuid primary key references public.agents (id) on delete cascade,
  seen_at timestamptz not null
) with (fillfactor = 50);
alter table public.agent_heartbeats enable row level security;

comment on table public.agent_heartbeats is 'When an agent last called. Unpublished: a heartbeat is no news.';

create or replace view public.live_agents with (security_invoker = true) as
select a.id, a.name, a.version, a.hardware, a.models, a.status, a.job_id, a.started_at, a.updated_at, h.seen_at
from public.agents a
join public.agent_heartbeats h on h.agent_id = a.id
where a.status <> 'stopped' and h.seen_at > clock_timestamp() - interval '2 minutes';

comment on view public.live_agents is 'Agents heard of within two minutes that have not said goodbye.';
