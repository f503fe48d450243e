-- A job that cannot be worked off is refused at the insert: SQLSTATE 22023, which PostgREST answers with HTTP 400.
-- The message says what is wrong, the detail names the field ("field=images[3].car_count"), the hint says what to do.

create or replace function arena.refuse(p_field text, p_message text, p_hint text) returns void
language plpgsql set search_path = '' as $$
begin
  raise exception using
    errcode = 'invalid_parameter_value', message = p_message, detail = 'field=' || p_field, hint = p_hint;
end
$$;

create or replace function arena.check_number(p_field text, p_value jsonb, p_least numeric, p_most numeric) returns void
language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(p_value) is distinct from 'number' or not (p_value::numeric between p_least and p_most) then
    perform arena.refuse(p_field,
      format('%s is %s.', p_field, coalesce(left(p_value::text, 80), 'missing')),
      format('Give a number from %s to %s.', p_least, p_most));
  end if;
end
$$;

create or replace function arena.check_whole_number(p_field text, p_value jsonb, p_least numeric, p_most numeric) returns void
language plpgsql set search_path = '' as $$
begin
  -- 3.0 is refused too: it is no integer to most who read the JSON.
  if jsonb_typeof(p_value) is distinct from 'number' or p_value::text !~ '^-?[0-9]+$'
    or not (p_value::numeric between p_least and p_most)
  then
    perform arena.refuse(p_field,
      format('%s is %s.', p_field, coalesce(left(p_value::text, 80), 'missing')),
      format('Give a whole number from %s to %s.', p_least, p_most));
  end if;
end
$$;

create or replace function arena.check_keys(p_field text, p_object jsonb, p_allowed text[]) returns void
language plpgsql set search_path = '' as $$
declare
  v_unknown text;
begin
  select key into v_unknown from jsonb_object_keys(p_object) as key where key <> all (p_allowed) order by key limit 1;
  if v_unknown is not null then
    perform arena.refuse(p_field || '.' || left(v_unknown, 80),
      format('%s has a key that is not known: "%s".', p_field, left(v_unknown, 80)),
      'Allowed are: ' || array_to_string(p_allowed, ', ') || '.');
  end if;
end
$$;

create or replace function arena.check_model(p_field text, p_model text) returns void
language plpgsql set search_path = '' as $$
declare
  v_task text;
  v_can_detect_cars boolean;
  v_hint text := 'Choose one of: ' || coalesce(
    (select string_agg(id, ', ' order by id) from public.models where can_detect_cars), '(the catalogue is empty)') || '.';
begin
  if p_model is null then
    perform arena.refuse(p_field, p_field || ' is missing.', v_hint);
  end if;
  select task, can_detect_cars into v_task, v_can_detect_cars from public.models where id = p_model;
  if not found then
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

-- Says nothing of the address behind a URL; that is the agent's to judge when it fetches.
create or replace function arena.is_image_path(p_path text) returns boolean
language sql immutable set search_path = '' as $$
  select length(p_path) between 1 and 2048 and p_path !~ '[[:cntrl:]\\]' and case
    when p_path ~* '^https?://' then p_path ~* '^https?://[^/?#[:space:]]'
    when p_path ~* '^storage://' then p_path ~* '^storage://[^/]+/[^/]' and p_path !~ '(^|/)[.][.](/|$)'
    else p_path !~ '^/' and p_path !~ '^[A-Za-z][A-Za-z0-9+.-]*:' and p_path !~ '(^|/)[.][.](/|$)'
  end
$$;

create or replace function arena.is_box(p_box jsonb) returns boolean
language plpgsql immutable set search_path = '' as $$
declare
  c_most_pixels constant int := 100000;
begin
  if jsonb_typeof(p_box) <> 'array' or jsonb_array_length(p_box) <> 4 then
    return false;
  end if;
  if exists (select from jsonb_array_elements(p_box) as c where jsonb_typeof(c) <> 'number') then
    return false;
  end if;
  return (p_box->0)::numeric >= 0 and (p_box->1)::numeric >= 0
    and (p_box->0)::numeric < (p_box->2)::numeric and (p_box->1)::numeric < (p_box->3)::numeric
    and (p_box->2)::numeric <= c_most_pixels and (p_box->3)::numeric <= c_most_pixels;
end
$$;

create or replace function arena.check_boxes(p_field text, p_boxes jsonb, p_car_count int) returns void
language plpgsql set search_path = '' as $$
declare
  v_bad int;
begin
  if jsonb_typeof(p_boxes) <> 'array' then
    perform arena.refuse(p_field, p_field || ' is not an array.', 'Give an array of [x1, y1, x2, y2], or leave boxes out.');
  end if;
  if jsonb_array_length(p_boxes) <> p_car_count then
    perform arena.refuse(p_field,
      format('%s holds %s boxes, but car_count is %s.', p_field, jsonb_array_length(p_boxes), p_car_count),
      'Give one box for every car, or leave boxes out.');
  end if;
  select position - 1 into v_bad
  from jsonb_array_elements(p_boxes) with ordinality as b (box, position)
  where not arena.is_box(box) order by position limit 1;
  if found then
    perform arena.refuse(format('%s[%s]', p_field, v_bad),
      format('%s[%s] is not a box: %s.', p_field, v_bad, left((p_boxes->v_bad)::text, 80)),
      'Give [x1, y1, x2, y2] in pixels with 0 <= x1 < x2 <= 100000 and 0 <= y1 < y2 <= 100000.');
  end if;
end
$$;

create or replace function arena.check_image(p_field text, p_image jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(p_image) <> 'object' then
    perform arena.refuse(p_field, p_field || ' is not an object.',
      'Give {"image_path": text, "car_count": whole number}, and description and boxes if you have them.');
  end if;
  perform arena.check_keys(p_field, p_image, '{image_path,car_count,description,boxes}');
  if jsonb_typeof(p_image->'image_path') is distinct from 'string' or not arena.is_image_path(p_image->>'image_path') then
    perform arena.refuse(p_field || '.image_path',
      p_field || '.image_path is ' || case when p_image ? 'image_path' then 'not allowed.' else 'missing.' end,
      'Give https://host/path, http://host/path, storage://bucket/path, or a relative path without "..", leading "/" or backslash.');
  end if;
  perform arena.check_whole_number(p_field || '.car_count', p_image->'car_count', 0, 10000);
  if p_image ? 'description' and jsonb_typeof(p_image->'description') <> 'string' then
    perform arena.refuse(p_field || '.description', p_field || '.description is not a text.',
      'Give a text, or leave description out.');
  end if;
  if p_image ? 'boxes' then
    perform arena.check_boxes(p_field || '.boxes', p_image->'boxes', (p_image->'car_count')::int);
  end if;
end
$$;

create or replace function arena.check_images(p_images jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  c_most_images constant int := 500;
  c_hint constant text := format('Give 1 to %s objects like {"image_path": "https://…", "car_count": 3}.', c_most_images);
begin
  if p_images is null or jsonb_typeof(p_images) <> 'array' then
    perform arena.refuse('images', 'images is not an array.', c_hint);
  end if;
  if jsonb_array_length(p_images) not between 1 and c_most_images then
    perform arena.refuse('images', format('images holds %s images.', jsonb_array_length(p_images)), c_hint);
  end if;
  perform arena.check_image(format('images[%s]', position - 1), image)
  from jsonb_array_elements(p_images) with ordinality as i (image, position);
end
$$;

create or replace function arena.check_weights(p_field text, p_weights jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_key text;
begin
  if jsonb_typeof(p_weights) <> 'object' then
    perform arena.refuse(p_field, p_field || ' is not an object.', 'Give any of accuracy, speed, green, memory a number.');
  end if;
  perform arena.check_keys(p_field, p_weights, '{accuracy,speed,green,memory}');
  for v_key in select jsonb_object_keys(p_weights) loop
    perform arena.check_number(p_field || '.' || v_key, p_weights->v_key, 0, 1000);
  end loop;
  if (select coalesce(sum(value::numeric), 0) from jsonb_each(p_weights)) = 0 then
    perform arena.refuse(p_field, p_field || ' sum to 0.', 'Give at least one weight above 0.');
  end if;
end
$$;

create or replace function arena.check_classes(p_field text, p_classes jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(p_classes) = 'array' and jsonb_array_length(p_classes) between 1 and 80 and not exists (
    select from jsonb_array_elements(p_classes) as c
    where jsonb_typeof(c) <> 'string' or length(c #>> '{}') not between 1 and 80)
  then
    return;
  end if;
  perform arena.refuse(p_field, p_field || ' is not an array of class names.',
    'Give 1 to 80 names of classes that count as a car, like ["car", "truck"].');
end
$$;

create or replace function arena.check_options(p_options jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  c_allowed constant text[] :=
    '{confidence,min_seconds,window_seconds,windows,batch_size,weights,seed,classes}';
  v_key text;
  v_value jsonb;
begin
  if p_options is null or jsonb_typeof(p_options) <> 'object' then
    perform arena.refuse('options', 'options is not an object.',
      'Give {} or any of: ' || array_to_string(c_allowed, ', ') || '.');
  end if;
  perform arena.check_keys('options', p_options, c_allowed);
  for v_key, v_value in select key, value from jsonb_each(p_options) loop
    case v_key
      when 'confidence' then perform arena.check_number('options.confidence', v_value, 0.001, 0.999);
      when 'min_seconds' then perform arena.check_number('options.min_seconds', v_value, 0.1, 600);
      when 'window_seconds' then perform arena.check_number('options.window_seconds', v_value, 0.5, 120);
      when 'windows' then perform arena.check_whole_number('options.windows', v_value, 1, 20);
      when 'batch_size' then perform arena.check_whole_number('options.batch_size', v_value, 1, 256);
      when 'seed' then perform arena.check_whole_number('options.seed', v_value, 0, 2147483647);
      when 'weights' then perform arena.check_weights('options.weights', v_value);
      when 'classes' then perform arena.check_classes('options.classes', v_value);
    end case;
  end loop;
end
$$;

-- Runs as its owner: the checks need no grants, whoever inserts.
create or replace function arena.validate_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform arena.check_model('model_a', new.model_a);
  perform arena.check_model('model_b', new.model_b);
  perform arena.check_images(new.images);
  perform arena.check_options(new.options);
  perform arena.check_whole_number('priority', to_jsonb(new.priority), -100, 100);
  perform arena.check_whole_number('max_attempts', to_jsonb(new.max_attempts), 1, 10);
  return new;
end
$$;

create or replace trigger jobs_validate
  before insert or update of model_a, model_b, images, options, priority, max_attempts on public.jobs
  for each row execute function arena.validate_job();

revoke all on all functions in schema arena from public;
