-- Where images may lie, and how large a job may be.

drop function if exists arena.is_image_path(text);

-- What is wrong with a path, or null; and what the owner could change about that.
create or replace function arena.image_path_fault(
  p_path text, p_settings public.arena_settings, out fault text, out setting text)
language plpgsql immutable set search_path = '' as $$
begin
  case
    when p_path is null or length(p_path) not between 1 and 2048 or p_path ~ '[[:cntrl:]\\]' then
      fault := 'is not allowed.';
    when p_path ~* '^https?://' then
      -- Says nothing of the address behind it; that is the agent's to judge when it fetches.
      case
        when p_path !~* '^https?://[^/?#[:space:]]' then fault := 'is not allowed.';
        when p_path ~* '^https?://[^/?#]*@' then fault := 'is not allowed: it holds a user name.';
        when p_path ~* '^http:' and not p_settings.allow_http_images then
          fault := 'is not allowed: this arena takes no http:// addresses.';
          setting := 'allow_http_images';
        else null;
      end case;
    when p_path ~* '^storage:' then
      if p_path !~ '^storage://[^/]+/[^/]' or p_path ~ '(^|/)[.][.]?(/|$)' then
        fault := 'is not allowed.';
      end if;
    when p_path ~ '^/' or p_path ~ '^[A-Za-z][A-Za-z0-9+.-]*:' or p_path ~ '(^|/)[.][.](/|$)' then
      fault := 'is not allowed.';
    when not p_settings.allow_local_images then
      fault := 'is not allowed: this arena takes no relative paths.';
      setting := 'allow_local_images';
    else null;
  end case;
end
$$;

create or replace function arena.check_image_path(p_field text, p_path jsonb, p_settings public.arena_settings) returns void
language plpgsql set search_path = '' as $$
declare
  v_found record;
begin
  if p_path is null then
    select 'is missing.' as fault, null as setting into v_found;
  else
    select * into v_found
    from arena.image_path_fault(case when jsonb_typeof(p_path) = 'string' then p_path #>> '{}' end, p_settings);
  end if;
  if v_found.fault is null then
    return;
  end if;
  perform arena.refuse(p_field, p_field || ' ' || v_found.fault,
    'Give https://host/path'
    || case when p_settings.allow_http_images then ', http://host/path' else '' end
    || case when p_settings.allow_local_images then ', storage://bucket/path, or a relative path without "..", leading "/" or backslash.'
            else ' or storage://bucket/path.' end
    || case when v_found.setting is not null
            then format(' The arena''s owner can allow it: update arena_settings set %s = true.', v_found.setting) else '' end);
end
$$;

drop function if exists arena.check_image(text, jsonb);
create or replace function arena.check_image(p_field text, p_image jsonb, p_settings public.arena_settings) returns void
language plpgsql set search_path = '' as $$
declare
  c_longest_description constant int := 2000;
begin
  if jsonb_typeof(p_image) <> 'object' then
    perform arena.refuse(p_field, p_field || ' is not an object.',
      'Give {"image_path": text, "car_count": whole number}, and description and boxes if you have them.');
  end if;
  perform arena.check_keys(p_field, p_image, '{image_path,car_count,description,boxes}');
  perform arena.check_image_path(p_field || '.image_path', p_image->'image_path', p_settings);
  perform arena.check_whole_number(p_field || '.car_count', p_image->'car_count', 0, 10000);
  if p_image ? 'description' and jsonb_typeof(p_image->'description') <> 'string' then
    perform arena.refuse(p_field || '.description', p_field || '.description is not a text.',
      'Give a text, or leave description out.');
  elsif length(p_image->>'description') > c_longest_description then
    perform arena.refuse(p_field || '.description',
      format('%s.description has %s characters.', p_field, length(p_image->>'description')),
      format('Give at most %s, or leave description out.', c_longest_description));
  end if;
  if p_image ? 'boxes' then
    perform arena.check_boxes(p_field || '.boxes', p_image->'boxes', (p_image->'car_count')::int);
  end if;
end
$$;

create or replace function arena.check_images(p_images jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_settings public.arena_settings;
  v_hint text;
begin
  select * into v_settings from public.arena_settings;
  v_hint := format('Give 1 to %s objects like {"image_path": "https://…", "car_count": 3}.', v_settings.max_images_per_job);
  if p_images is null or jsonb_typeof(p_images) <> 'array' then
    perform arena.refuse('images', 'images is not an array.', v_hint);
  end if;
  if jsonb_array_length(p_images) not between 1 and v_settings.max_images_per_job then
    perform arena.refuse('images', format('images holds %s images.', jsonb_array_length(p_images)), v_hint);
  end if;
  perform arena.check_image(format('images[%s]', position - 1), image, v_settings)
  from jsonb_array_elements(p_images) with ordinality as i (image, position);
end
$$;

create or replace function arena.check_payload(p_images jsonb, p_options jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  v_most_kb int := (select max_payload_kb from public.arena_settings);
  v_kb int := ceil((octet_length(p_images::text) + octet_length(p_options::text)) / 1024.0);
begin
  if v_kb > v_most_kb then
    perform arena.refuse('images', format('images and options take %s kB together.', v_kb),
      format('Give at most %s kB: fewer images, or shorter addresses and descriptions. The arena''s owner can raise max_payload_kb in arena_settings.', v_most_kb));
  end if;
end
$$;

-- Runs as its owner: the checks need no grants, whoever inserts.
create or replace function arena.validate_job() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform arena.check_payload(new.images, new.options);
  perform arena.check_model('model_a', new.model_a);
  perform arena.check_model('model_b', new.model_b);
  perform arena.check_images(new.images);
  perform arena.check_options(new.options);
  perform arena.check_whole_number('priority', to_jsonb(new.priority), -100, 100);
  perform arena.check_whole_number('max_attempts', to_jsonb(new.max_attempts), 1, 10);
  return new;
end
$$;

revoke all on all functions in schema arena from public;
