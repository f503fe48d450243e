-- A model can be run by several runtimes. Each way is a row of its own, like Trained_yolov8@onnx, so that jobs, results
-- and agents name it as they name any model.

alter table public.models
  add column if not exists base_id text references public.models (id),
  add column if not exists runtime text,
  add column if not exists licence text,
  add column if not exists input_size int,
  add column if not exists classes jsonb not null default '{}',
  alter column family drop not null,
  drop constraint if exists models_id_is_a_name,
  add constraint models_id_is_a_name check (
    id ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}(@[a-z0-9][a-z0-9-]{0,31})?$' and id <> 'tie'),
  drop constraint if exists models_variants_are_named_after_their_runtime,
  add constraint models_variants_are_named_after_their_runtime check (case
    when base_id is null then id !~ '@' else runtime is not null and id = base_id || '@' || runtime end),
  -- A catalogue of one's own may hold models of any task.
  drop constraint if exists models_task_known,
  drop constraint if exists models_task_is_a_name,
  add constraint models_task_is_a_name check (task ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  drop constraint if exists models_car_detectors_see_images,
  add constraint models_car_detectors_see_images check (
    not can_detect_cars or task not in ('fill-mask', 'automatic-speech-recognition')),
  drop constraint if exists models_input_size_is_positive,
  add constraint models_input_size_is_positive check (input_size > 0),
  drop constraint if exists models_classes_is_an_object,
  add constraint models_classes_is_an_object check (jsonb_typeof(classes) = 'object');

update public.models set
  runtimes = array_replace(runtimes, 'pytorch', 'torch'),
  default_runtime = case default_runtime when 'pytorch' then 'torch' else default_runtime end
where 'pytorch' = any (runtimes);
update public.models set runtime = default_runtime
where base_id is null and runtime is distinct from default_runtime;

comment on column public.models.family is 'Which adapter loads it; null for a model that is only listed.';
comment on column public.models.runtimes is 'What can run it: all runtimes of the model, on each of its rows.';
comment on column public.models.default_runtime is 'What runs it where its id names no runtime.';
comment on column public.models.base_id is 'For a row like Trained_yolov8@onnx: Trained_yolov8. Null: the model in its default runtime.';
comment on column public.models.runtime is 'What runs it as this row.';
comment on column public.models.licence is 'Of the weights.';
comment on column public.models.input_size is 'Longer side of the image that it sees, in pixels.';
comment on column public.models.classes is 'Its own class names to those that are counted; a class that is not in it keeps its name.';

create or replace function arena.is_offered(p_model text) returns boolean
language sql stable set search_path = '' as $$
  -- The row of a runtime that has left the catalogue stays, for results refer to it.
  select model.base_id is null or (model.runtime = any (base.runtimes) and model.runtime <> base.default_runtime)
  from public.models model left join public.models base on base.id = model.base_id
  where model.id = p_model
$$;

create or replace function arena.refuse_runtime(p_field text, p_base_id text, p_runtime text) returns void
language plpgsql set search_path = '' as $$
declare
  v_base public.models;
begin
  select * into strict v_base from public.models where id = p_base_id;
  perform arena.refuse(p_field,
    case when p_runtime = v_base.default_runtime
      then format('%s is run by %s without saying so.', p_base_id, p_runtime)
      else format('%s cannot be run as @%s.', p_base_id, left(p_runtime, 80)) end,
    format('Choose one of: %s.', (
      select string_agg(id, ', ' order by array_position(v_base.runtimes, runtime), id)
      from public.models where p_base_id in (id, base_id) and arena.is_offered(id))));
end
$$;

create or replace function arena.check_model(p_field text, p_model text) returns void
language plpgsql set search_path = '' as $$
declare
  v_task text;
  v_can_detect_cars boolean;
  v_base_id text := split_part(p_model, '@', 1);
  v_hint text := 'Choose one of: ' || coalesce(
    (select string_agg(id, ', ' order by id) from public.models where can_detect_cars and base_id is null),
    '(the catalogue is empty)') || '.';
begin
  if p_model is null then
    perform arena.refuse(p_field, p_field || ' is missing.', v_hint);
  end if;
  select task, can_detect_cars into v_task, v_can_detect_cars from public.models
  where id = p_model and arena.is_offered(id);
  if not found and p_model <> v_base_id then
    perform arena.check_model(p_field, v_base_id);
    perform arena.refuse_runtime(p_field, v_base_id, substr(p_model, length(v_base_id) + 2));
  elsif not found then
    perform arena.refuse(p_field, format('There is no model "%s" in the catalogue.', left(p_model, 80)), v_hint);
  elsif not v_can_detect_cars then
    perform arena.refuse(p_field,
      format('%s is %s and cannot detect cars.', p_model, case v_task
        when 'fill-mask' then 'a language model'
        when 'automatic-speech-recognition' then 'a speech model'
        else 'a model for ' || v_task end),
      v_hint);
  end if;
end
$$;

revoke all on all functions in schema arena from public;

notify pgrst, 'reload schema';
