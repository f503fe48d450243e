-- What a comparison found.

create table if not exists public.comparison_results (
  id uuid primary key default gen_random_uuid(),
  job_id uuid not null unique references public.jobs (id) on delete cascade,
  model_a_id text not null references public.models (id),
  model_b_id text not null references public.models (id),
  model_a_metrics jsonb not null,
  model_b_metrics jsonb not null,
  winner text not null,
  verdict jsonb not null,
  environment jsonb not null,
  agent_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  constraint comparison_results_winner_took_part check (winner in (model_a_id, model_b_id, 'tie')),
  constraint comparison_results_are_objects check (
    jsonb_typeof(model_a_metrics) = 'object' and jsonb_typeof(model_b_metrics) = 'object'
    and jsonb_typeof(verdict) = 'object' and jsonb_typeof(environment) = 'object')
);
alter table public.comparison_results enable row level security;

create index if not exists comparison_results_newest on public.comparison_results (created_at desc);

comment on table public.comparison_results is 'One row for a succeeded job: both models'' metrics, the verdict, the environment.';
comment on column public.comparison_results.winner is 'A model id, or tie.';
comment on column public.comparison_results.verdict is 'Who won, by how much, with the interval of the difference.';
comment on column public.comparison_results.environment is 'Hardware, versions, seeds, hashes and options: what it takes to do it again.';
comment on column public.comparison_results.agent_id is 'The agent that measured. Its row in agents may be gone.';

create table if not exists public.image_results (
  job_id uuid not null references public.jobs (id) on delete cascade,
  side text not null,
  image_index int not null,
  model_id text not null references public.models (id),
  image_path text not null,
  truth_count int not null,
  predicted_count int not null,
  latency_ms double precision,
  detections jsonb not null default '[]',
  primary key (job_id, side, image_index),
  constraint image_results_side_known check (side in ('a', 'b')),
  constraint image_results_index_not_negative check (image_index >= 0),
  constraint image_results_counts_not_negative check (truth_count >= 0 and predicted_count >= 0),
  constraint image_results_latency_not_negative check (latency_ms >= 0),
  constraint image_results_detections_is_an_array check (jsonb_typeof(detections) = 'array')
);
alter table public.image_results enable row level security;

comment on table public.image_results is 'What each side predicted on each image. Too big for Realtime; read when someone opens a result.';
comment on column public.image_results.side is 'a or b: a model may compete with itself.';
comment on column public.image_results.image_index is 'Position in jobs.images, from 0.';
comment on column public.image_results.latency_ms is 'Milliseconds from encoded bytes to detections, median over the samples of this image.';
comment on column public.image_results.detections is 'Array of {"box": [x1, y1, x2, y2] in pixels, "score": 0 to 1, "class": text}.';
