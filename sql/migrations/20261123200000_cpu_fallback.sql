-- A job may say that its models go on on the processor where the GPU's memory does not hold them.

create or replace function arena.check_true_or_false(p_field text, p_value jsonb) returns void
language plpgsql set search_path = '' as $$
begin
  if jsonb_typeof(p_value) <> 'boolean' then
    perform arena.refuse(p_field, format('%s is %s.', p_field, left(p_value::text, 80)), 'Give true or false.');
  end if;
end
$$;
create or replace function arena.check_options(p_options jsonb) returns void
language plpgsql set search_path = '' as $$
declare
  c_allowed constant text[] :=
    '{confidence,min_seconds,window_seconds,windows,batch_size,cpu_fallback,weights,seed,classes}';
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
      when 'cpu_fallback' then perform arena.check_true_or_false('options.cpu_fallback', v_value);
      when 'seed' then perform arena.check_whole_number('options.seed', v_value, 0, 2147483647);
      when 'weights' then perform arena.check_weights('options.weights', v_value);
      when 'classes' then perform arena.check_classes('options.classes', v_value);
    end case;
  end loop;
end
$$;

revoke all on all functions in schema arena from public;
