-- What a page lists: jobs without their images, results without their metrics, one line for each model and result.

alter table public.comparison_results
  add column if not exists machine text generated always as (left(environment ->> 'machine_fingerprint', 64)) stored,
  -- "NVIDIA L4" where a GPU did the work, else "AMD EPYC, 2 cores".
  add column if not exists hardware text generated always as (left(case
    when environment #>> '{devices,0}' ~ '^(cuda|mps)' then coalesce(environment #>> '{gpu,name}', 'unknown GPU')
    else coalesce(environment #>> '{cpu,model}', 'unknown processor')
      || coalesce(', ' || (environment #>> '{cpu,logical_cores}') || ' cores', '') end, 120)) stored;

comment on column public.comparison_results.machine is
  'Fingerprint of the hardware it was measured on, for figures of different machines are never mixed; null of results that hold none.';
comment on column public.comparison_results.hardware is 'The same in words.';

create index if not exists comparison_results_by_machine on public.comparison_results (machine, created_at desc);
create index if not exists comparison_results_by_model_a on public.comparison_results (model_a_id, created_at desc);
create index if not exists comparison_results_by_model_b on public.comparison_results (model_b_id, created_at desc);

create or replace view public.job_list with (security_invoker = true) as
select id, model_a, model_b, jsonb_array_length(images) as image_count, status, priority, attempt, max_attempts, run_at,
  progress, error, created_by, coalesce(created_by = (select auth.uid()), false) as is_mine, created_at, started_at,
  finished_at
from public.jobs;

comment on view public.job_list is 'Jobs without their images: what a page lists.';
comment on column public.job_list.is_mine is 'Whether whoever asks may cancel it and try it again.';

-- An agent may have written anything: what is no number, or none that can be shown, is null, and costs no other row.
create or replace view public.result_list with (security_invoker = true) as
select id, job_id, model_a_id, model_b_id, winner, left(verdict ->> 'sentence', 1000) as sentence,
  jsonb_path_query_first(verdict, '$.composite.a ? (@ > -1e300 && @ < 1e300)')::double precision as score_a,
  jsonb_path_query_first(verdict, '$.composite.b ? (@ > -1e300 && @ < 1e300)')::double precision as score_b,
  jsonb_path_query_first(model_a_metrics, '$.accuracy ? (@ > -1e300 && @ < 1e300)')::double precision as accuracy_a,
  jsonb_path_query_first(model_b_metrics, '$.accuracy ? (@ > -1e300 && @ < 1e300)')::double precision as accuracy_b,
  jsonb_path_query_first(model_a_metrics, '$.speed_ms ? (@ > -1e300 && @ < 1e300)')::double precision as speed_ms_a,
  jsonb_path_query_first(model_b_metrics, '$.speed_ms ? (@ > -1e300 && @ < 1e300)')::double precision as speed_ms_b,
  jsonb_path_query_first(model_a_metrics, '$.energy_j_per_image ? (@ > -1e300 && @ < 1e300)')::double precision as energy_j_per_image_a,
  jsonb_path_query_first(model_b_metrics, '$.energy_j_per_image ? (@ > -1e300 && @ < 1e300)')::double precision as energy_j_per_image_b,
  jsonb_path_query_first(environment, '$.images ? (@ >= 0 && @ < 1e9)')::int as image_count,
  machine, hardware, created_at
from public.comparison_results;

comment on view public.result_list is 'Results without their details: what a page lists.';

create or replace view public.model_history with (security_invoker = true) as
select side.model_id, side.opponent_id, result.id as result_id, result.job_id,
  case when result.winner = 'tie' or side.model_id = side.opponent_id then 'tied'
    when result.winner = side.model_id then 'won' else 'lost' end as outcome,
  jsonb_path_query_first(side.metrics, '$.accuracy ? (@ > -1e300 && @ < 1e300)')::double precision as accuracy,
  jsonb_path_query_first(side.metrics, '$.speed_ms ? (@ > -1e300 && @ < 1e300)')::double precision as speed_ms,
  jsonb_path_query_first(side.metrics, '$.throughput_fps ? (@ > -1e300 && @ < 1e300)')::double precision as throughput_fps,
  jsonb_path_query_first(side.metrics, '$.memory_mb ? (@ > -1e300 && @ < 1e300)')::double precision as memory_mb,
  jsonb_path_query_first(side.metrics, '$.energy_j_per_image ? (@ > -1e300 && @ < 1e300)')::double precision as energy_j_per_image,
  jsonb_path_query_first(side.metrics, '$.green_score ? (@ > -1e300 && @ < 1e300)')::double precision as green_score,
  left(side.metrics ->> 'weights_sha256', 64) as weights_sha256, result.machine, result.hardware, result.created_at
from public.comparison_results result
cross join lateral (
  select result.model_a_id, result.model_b_id, result.model_a_metrics
  union all
  select result.model_b_id, result.model_a_id, result.model_b_metrics where result.model_b_id <> result.model_a_id
) as side (model_id, opponent_id, metrics);

comment on view public.model_history is 'Each model''s results, one row for each; a model against itself has one, a tie.';

revoke all on table public.job_list, public.result_list, public.model_history
from public, anon, authenticated, service_role, arena_agent;
grant select on table public.job_list, public.result_list, public.model_history to anon, authenticated, service_role;

notify pgrst, 'reload schema';
