-- A job can be short and long at once: 1e131071 is 8 characters as it is sent and 131,072 as it is kept, and so is
-- 1e-16383. One that is written out in full for an error, for the size check or for the agent that claims it would take
-- gigabytes, and every agent would fail at it in turn. So nothing is written out before it is known to be short.

-- The start of a value for a message, without writing all of it.
create or replace function arena.excerpt(p_value jsonb) returns text
language plpgsql immutable set search_path = '' as $$
begin
  return case jsonb_typeof(p_value)
    when 'object' then 'an object'
    when 'array' then case
      when jsonb_array_length(p_value) <= 5 and not jsonb_path_exists(p_value, 'strict $[*] ? (@.type() == "array" || @.type() == "object")')
        then left(p_value::text, 80)
      else format('an array of %s', jsonb_array_length(p_value)) end
    else left(p_value::text, 80)
  end;
end
$$;

create or replace function arena.is_number_between(p_value jsonb, p_least numeric, p_most numeric) returns boolean
language plpgsql immutable set search_path = '' as $$
declare
  -- The smallest numbers that programs write in earnest have fewer.
  c_most_decimals constant int := 40;
begin
  return coalesce(
    jsonb_typeof(p_value) = 'number' and p_value::numeric between p_least and p_most
      and scale(p_value::numeric) <= c_most_decimals,
    false);
end
$$;

create or replace function arena.check_number(p_field text, p_value jsonb, p_least numeric, p_most numeric) returns void
language plpgsql set search_path = '' as $$
begin
  if not arena.is_number_between(p_value, p_least, p_most) then
    perform arena.refuse(p_field,
      format('%s is %s.', p_field, coalesce(arena.excerpt(p_value), 'missing')),
      format('Give a number from %s to %s.', p_least, p_most));
  end if;
end
$$;

create or replace function arena.check_whole_number(p_field text, p_value jsonb, p_least numeric, p_most numeric) returns void
language plpgsql set search_path = '' as $$
begin
  -- 3.0 is refused too: it is no integer to most who read the JSON.
  if not arena.is_number_between(p_value, p_least, p_most) or p_value::text !~ '^-?[0-9]+$' then
    perform arena.refuse(p_field,
      format('%s is %s.', p_field, coalesce(arena.excerpt(p_value), 'missing')),
      format('Give a whole number from %s to %s.', p_least, p_most));
  end if;
end
$$;

create or replace function arena.check_true_or_false(p_field text, p_value jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(p_value) <> 'boolean' then
    perform arena.refuse(p_field, format('%s is %s.', p_field, arena.excerpt(p_value)), 'Give true or false.');
  end if;
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
  if exists (select from jsonb_array_elements(p_box) as c where not arena.is_number_between(c, 0, c_most_pixels)) then
    return false;
  end if;
  return (p_box->0)::numeric < (p_box->2)::numeric and (p_box->1)::numeric < (p_box->3)::numeric;
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
      format('%s[%s] is not a box: %s.', p_field, v_bad, arena.excerpt(p_boxes->v_bad)),
      'Give [x1, y1, x2, y2] in pixels with 0 <= x1 < x2 <= 100000 and 0 <= y1 < y2 <= 100000.');
  end if;
end
$$;

create or replace function arena.refuse_payload(p_bytes bigint) returns void
language plpgsql set search_path = '' as $$
declare
  v_most_kb int := (select max_payload_kb from public.arena_settings);
begin
  perform arena.refuse('images', format('images and options take %s kB together.', ceil(p_bytes / 1024.0)),
    format('Give at most %s kB: fewer images, or shorter addresses and descriptions. The arena''s owner can raise max_payload_kb in arena_settings.', v_most_kb));
end
$$;

-- Before anything is looked at. What is kept takes up to six times as many bytes as its text, for [0,0,0,…].
create or replace function arena.check_kept_size(p_images jsonb, p_options jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  c_kept_per_written constant int := 8;
  v_bytes bigint := pg_column_size(p_images) + pg_column_size(p_options);
begin
  if v_bytes > c_kept_per_written * 1024 * (select max_payload_kb from public.arena_settings) then
    perform arena.refuse_payload(v_bytes);
  end if;
end
$$;

-- Once all that is in it is known to be short.
create or replace function arena.check_payload(p_images jsonb, p_options jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_bytes bigint := octet_length(p_images::text) + octet_length(p_options::text);
begin
  if v_bytes > 1024 * (select max_payload_kb from public.arena_settings) then
    perform arena.refuse_payload(v_bytes);
  end if;
end
$$;

create or replace function arena.check_idempotency_key(p_key text) returns void
language plpgsql set search_path = '' as $$
declare
  c_longest constant int := 200;
begin
  if length(p_key) not between 1 and c_longest then
    perform arena.refuse('idempotency_key', format('idempotency_key has %s characters.', length(p_key)),
      format('Give 1 to %s, best a random UUID, or leave it out.', c_longest));
  end if;
end
$$;

-- A job that never comes due would take a place of the quota for ever.
create or replace function arena.check_run_at(p_run_at timestamptz) returns void
language plpgsql set search_path = '' as $$
declare
  c_longest constant interval := '30 days';
begin
  if arena.is_visitor() and p_run_at > clock_timestamp() + c_longest then
    perform arena.refuse('run_at', 'run_at is too far ahead.', 'Give a time within 30 days, or leave run_at out.');
  end if;
end
$$;

-- Runs as its owner: the checks need no grants, whoever inserts.
create or replace function arena.validate_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform arena.check_kept_size(new.images, new.options);
  perform arena.check_model('model_a', new.model_a);
  perform arena.check_model('model_b', new.model_b);
  perform arena.check_images(new.images);
  perform arena.check_options(new.options);
  perform arena.check_payload(new.images, new.options);
  perform arena.check_whole_number('priority', to_jsonb(new.priority), -100, 100);
  perform arena.check_whole_number('max_attempts', to_jsonb(new.max_attempts), 1, 10);
  if tg_op = 'INSERT' then
    perform arena.check_idempotency_key(new.idempotency_key);
    perform arena.check_run_at(new.run_at);
  end if;
  return new;
end
$$;

-- "is not distinct from" goes by no index, and neither does an "or" of the two.
create or replace function arena.count_pending(p_created_by uuid, p_most int) returns bigint
language plpgsql set search_path = '' as $$
begin
  if p_created_by is null then
    return (select count(*)
      from (select from public.jobs where status = 'pending' and created_by is null limit p_most) as pending);
  end if;
  return (select count(*)
    from (select from public.jobs where status = 'pending' and created_by = p_created_by limit p_most) as pending);
end
$$;

-- Counts under a lock that lasts until the commit, so that two inserts at once cannot both be the last.
create or replace function arena.check_pending(p_created_by uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_setting text := case when p_created_by is null then 'max_pending_anon' else 'max_pending_per_user' end;
  v_most int;
begin
  perform pg_advisory_xact_lock(hashtextextended('arena.pending:' || coalesce(p_created_by::text, 'anon'), 0));
  select case when p_created_by is null then max_pending_anon else max_pending_per_user end into v_most
  from public.arena_settings;
  if arena.count_pending(p_created_by, v_most + 1) > v_most then
    raise exception using
      errcode = 'PT429',
      message = case when p_created_by is null
        then format('More than %s pending jobs of people who are not signed in are not taken.', v_most)
        else format('More than %s pending jobs of one user are not taken.', v_most) end,
      detail = 'field=' || v_setting,
      hint = format('Wait until some are done%s. The arena''s owner can raise %s in arena_settings.',
        case when p_created_by is null then ', or sign in' else ', or cancel some' end, v_setting);
  end if;
end
$$;

revoke all on all functions in schema arena from public;
