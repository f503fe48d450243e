-- What a page lists: jobs without their images, results without their metrics, one line for each model and result.

alter table public.comparison_results
  add column if not exists machine text generated always as (left(environment ->> 'hardware_fingerprint', 64)) stored,
  -- "NVIDIA L4" or "NVIDIA L4, 2 GPUs" where there are GPUs, else "AMD EPYC, 4 cores". The machine's, whatever a model
  -- made of them: its runtime decides where it runs, and all that run on one machine are rated against each other.
  add column if not exists hardware text generated always as (left(coalesce(
    coalesce(environment #>> '{gpus,0}', environment #>> '{gpu,name}')
      || coalesce(', ' || jsonb_path_query_first(environment, '$.gpus.size() ? (@ > 1)')::text || ' GPUs', ''),
    coalesce(environment #>> '{cpu,model}', 'unknown processor')
      || coalesce(', ' || regexp_replace(
        coalesce(environment #>> '{container,cores}', environment #>> '{cpu,logical_cores}'), '[.]0+$', '') || ' cores', '')
  ), 120)) stored;

comment on column public.comparison_results.machine is
  'Fingerprint of the hardware it was measured on, for figures of different hardware are never mixed; null of results that hold none.';
comment on column public.comparison_results.hardware is 'The same in words.';

create index if not exists comparison_results_by_machine on public.comparison_results (machine, created_at desc);
create index if not exists comparison_results_by_model_a on public.comparison_results (model_a_id, created_at desc);
create index if not exists comparison_results_by_model_b on public.comparison_results (model_b_id, created_at desc);

create index if not exists jobs_newest_ended on public.jobs (finished_at desc nulls last)
  where status in ('succeeded', 'failed', 'cancelled');

create or replace view public.job_list with (security_invoker = true) as
select id, model_a, model_b, jsonb_array_length(images) as image_count, status, priority, attempt, max_attempts, run_at,
  progress, error, created_by, coalesce(created_by = (select auth.uid()), false) as is_mine, created_at, started_at,
  finished_at
from public.jobs;

comment on view public.job_list is 'Jobs without their images: what a page lists.';
comment on column public.job_list.is_mine is 'Whether whoever asks may cancel it and try it again.';

-- An agent may have written anything: what is no number, or none that can be shown, is null, and costs no other row.
create or replace function arena.figure(p_value jsonb) returns double precision
language sql immutable parallel safe set search_path = '' as $$
  select case
    when jsonb_typeof(p_value) is distinct from 'number' then null
    when p_value::numeric = 0 or abs(p_value::numeric) between 1e-300 and 1e300 then p_value::double precision
  end
$$;

create or replace view public.result_list with (security_invoker = true) as
select id, job_id, model_a_id, model_b_id, winner, left(verdict ->> 'sentence', 1000) as sentence,
  arena.figure(verdict #> '{composite,a}') as score_a,
  arena.figure(verdict #> '{composite,b}') as score_b,
  arena.figure(model_a_metrics -> 'accuracy') as accuracy_a,
  arena.figure(model_b_metrics -> 'accuracy') as accuracy_b,
  arena.figure(model_a_metrics -> 'speed_ms') as speed_ms_a,
  arena.figure(model_b_metrics -> 'speed_ms') as speed_ms_b,
  arena.figure(model_a_metrics -> 'energy_j_per_image') as energy_j_per_image_a,
  arena.figure(model_b_metrics -> 'energy_j_per_image') as energy_j_per_image_b,
  jsonb_path_query_first(environment, '$.images ? (@ >= 0 && @ < 1e9)')::int as image_count,
  machine, hardware, created_at
from public.comparison_results;

comment on view public.result_list is 'Results without their details: what a page lists.';

create or replace view public.model_history with (security_invoker = true) as
select model_id, opponent_id, result_id, job_id,
  case when winner = 'tie' or model_id = opponent_id then 'tied' when winner = model_id then 'won' else 'lost' end as outcome,
  arena.figure(metrics -> 'accuracy') as accuracy,
  arena.figure(metrics -> 'speed_ms') as speed_ms,
  arena.figure(metrics -> 'throughput_fps') as throughput_fps,
  arena.figure(metrics -> 'memory_mb') as memory_mb,
  arena.figure(metrics -> 'energy_j_per_image') as energy_j_per_image,
  arena.figure(metrics -> 'green_score') as green_score,
  left(metrics ->> 'weights_sha256', 64) as weights_sha256, machine, hardware, created_at
from (
  -- Each half has an index by its model and time.
  select model_a_id as model_id, model_b_id as opponent_id, id as result_id, job_id, winner, model_a_metrics as metrics,
    machine, hardware, created_at
  from public.comparison_results
  union all
  select model_b_id, model_a_id, id, job_id, winner, model_b_metrics, machine, hardware, created_at
  from public.comparison_results where model_b_id <> model_a_id
) as side;

comment on view public.model_history is 'Each model''s results, one row for each; a model against itself has one, a tie.';

revoke all on all functions in schema arena from public;
-- The views ask with their reader's rights.
grant execute on function arena.figure to anon, authenticated, service_role;

revoke all on table public.job_list, public.result_list, public.model_history
from public, anon, authenticated, service_role, arena_agent;
grant select on table public.job_list, public.result_list, public.model_history to anon, authenticated, service_role;

notify pgrst, 'reload schema';
