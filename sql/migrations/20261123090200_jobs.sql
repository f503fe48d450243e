-- Jobs, the lease on a running job, and the history of attempts.
--
-- pending -> running -> succeeded | failed | cancelled
-- running -> pending (retry, release, lease expired); pending -> cancelled; failed -> pending (a person's retry)

create table if not exists public.jobs (
  id uuid primary key default gen_random_uuid(),
  model_a text not null references public.models (id),
  model_b text not null references public.models (id),
  images jsonb not null,
  options jsonb not null default '{}',
  status text not null default 'pending',
  priority int not null default 0,
  attempt int not null default 0,
  max_attempts int not null default 3,
  run_at timestamptz not null default clock_timestamp(),
  progress jsonb,
  error jsonb,
  created_by uuid default auth.uid(),
  idempotency_key text,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  finished_at timestamptz,
  constraint jobs_status_known check (status in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
  constraint jobs_priority_in_range check (priority between -100 and 100),
  constraint jobs_max_attempts_in_range check (max_attempts between 1 and 10),
  constraint jobs_attempt_within_limit check (attempt between 0 and max_attempts),
  constraint jobs_pending_has_attempts_left check (status <> 'pending' or attempt < max_attempts),
  constraint jobs_running_is_an_attempt check (status not in ('running', 'succeeded') or attempt >= 1),
  constraint jobs_pending_has_not_started check (status <> 'pending' or started_at is null),
  constraint jobs_running_has_started check (status not in ('running', 'succeeded') or started_at is not null),
  constraint jobs_finished_at_means_finished check (
    (finished_at is not null) = (status in ('succeeded', 'failed', 'cancelled'))),
  constraint jobs_failed_has_an_error check (status <> 'failed' or error is not null),
  constraint jobs_succeeded_has_no_error check (status <> 'succeeded' or error is null),
  constraint jobs_images_is_an_array check (jsonb_typeof(images) = 'array'),
  constraint jobs_options_is_an_object check (jsonb_typeof(options) = 'object'),
  constraint jobs_progress_is_an_object check (jsonb_typeof(progress) = 'object'),
  constraint jobs_error_is_an_object check (jsonb_typeof(error) = 'object'),
  constraint jobs_idempotency_key_length check (length(idempotency_key) between 1 and 200)
) with (
  -- Free space keeps updates on their page; eager vacuum keeps the head of the claim index short.
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_analyze_scale_factor = 0.02,
  autovacuum_vacuum_cost_delay = 0
);
alter table public.jobs enable row level security;

create index if not exists jobs_pending_by_turn on public.jobs (priority desc, run_at, id) where status = 'pending';
create index if not exists jobs_by_owner on public.jobs (created_by, created_at desc);
create unique index if not exists jobs_one_per_idempotency_key on public.jobs (created_by, idempotency_key)
  nulls not distinct where idempotency_key is not null;

comment on table public.jobs is 'A comparison to make: two models, the same images. Inserted by people, worked off by agents.';
comment on column public.jobs.images is
  'Array of {"image_path": text, "car_count": int, "description"?: text, "boxes"?: [[x1, y1, x2, y2], …] in pixels of the upright image}.';
comment on column public.jobs.options is 'How to measure. Keys: see arena.check_options.';
comment on column public.jobs.priority is 'Higher goes first, -100 to 100.';
comment on column public.jobs.attempt is 'Attempts spent. Goes down when a lease is released or a person retries, so it is no token.';
comment on column public.jobs.run_at is 'Not before this time.';
comment on column public.jobs.progress is 'What the agent is at: {"phase": text, …}. Written at most once a renewal.';
comment on column public.jobs.error is 'Why it failed, or why the last attempt did: {"code": text, "message": text, …}.';
comment on column public.jobs.created_by is 'The user it belongs to; null belongs to nobody and is readable by all.';
comment on column public.jobs.idempotency_key is
  'Chosen by the inserter, best a random UUID. A second insert by the same owner with the same key is refused with 23505 (HTTP 409).';

create table if not exists public.job_leases (
  job_id uuid primary key references public.jobs (id) on delete cascade,
  lease_token uuid not null unique,
  agent_id uuid not null,
  request_id uuid not null,
  expires_at timestamptz not null,
  deadline_at timestamptz not null,
  renewed_at timestamptz not null,
  constraint job_leases_end_by_the_deadline check (expires_at <= deadline_at)
) with (
  -- No index holds a column that a renewal changes, so that renewals stay heap-only.
  fillfactor = 50,
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 200,
  autovacuum_vacuum_cost_delay = 0
);
alter table public.job_leases enable row level security;

comment on table public.job_leases is
  'An agent''s right to work on a running job, until expires_at. Apart from jobs and unpublished, so that heartbeats cause no Realtime traffic.';
comment on column public.job_leases.lease_token is 'New at every claim; every later call must carry it.';
comment on column public.job_leases.deadline_at is 'The attempt''s hard time limit. No renewal goes past it.';

create table if not exists public.job_attempts (
  lease_token uuid primary key,
  job_id uuid not null references public.jobs (id) on delete cascade,
  attempt int not null,
  agent_id uuid not null,
  request_id uuid not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  error jsonb,
  refused_at timestamptz,
  constraint job_attempts_one_per_request unique (agent_id, request_id),
  constraint job_attempts_outcome_known check (
    outcome in ('succeeded', 'failed', 'retrying', 'released', 'expired', 'cancelled')),
  constraint job_attempts_ended_with_an_outcome check ((ended_at is null) = (outcome is null)),
  constraint job_attempts_error_is_an_object check (jsonb_typeof(error) = 'object')
);
alter table public.job_attempts enable row level security;

create index if not exists job_attempts_by_job on public.job_attempts (job_id, started_at);

comment on table public.job_attempts is 'History: one row for every claim.';
comment on column public.job_attempts.request_id is 'Names the claim call; the same one again gives the same claim.';
comment on column public.job_attempts.outcome is 'Null while it lasts. expired: the lease ran out and the job was taken back.';
comment on column public.job_attempts.refused_at is 'When the agent last tried to end this attempt after it had lost its lease.';
