-- How many jobs may wait, of one user and of all who are not signed in together.

-- Counts under a lock that lasts until the commit, so that two inserts at once cannot both be the last.
create or replace function arena.check_pending(p_created_by uuid) returns void
language plpgsql set search_path = '' as $$
declare
  v_setting text := case when p_created_by is null then 'max_pending_anon' else 'max_pending_per_user' end;
  v_most int;
  v_pending int;
begin
  perform pg_advisory_xact_lock(hashtextextended('arena.pending:' || coalesce(p_created_by::text, 'anon'), 0));
  select case when p_created_by is null then max_pending_anon else max_pending_per_user end into v_most
  from public.arena_settings;
  select count(*) into v_pending
  from (select from public.jobs
        where status = 'pending' and created_by is not distinct from p_created_by limit v_most + 1) as pending;
  if v_pending > v_most then
    raise exception using
      errcode = 'PT429',
      message = case when p_created_by is null
        then format('There are %s pending jobs of people who are not signed in, and no more are taken.', v_most)
        else format('You have %s pending jobs, and no more are taken.', v_most) end,
      detail = 'field=' || v_setting,
      hint = format('Wait until some are done%s. The arena''s owner can raise %s in arena_settings.',
        case when p_created_by is null then ', or sign in' else ', or cancel some' end, v_setting);
  end if;
end
$$;

-- The index that the count goes by: few jobs are pending, however many there are.
create index if not exists jobs_pending_by_owner on public.jobs (created_by) where status = 'pending';

-- Whether a visitor of the API acts. What runs as its owner asks for the role that PostgREST has set, not current_user.
create or replace function arena.is_visitor() returns boolean
language sql stable set search_path = '' as $$
  select current_setting('role') in ('anon', 'authenticated')
$$;

-- After the statement, so that all of its rows count. Runs as its owner: it counts what the inserter may not see.
create or replace function arena.check_quotas() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if arena.is_visitor() then
    perform arena.check_pending(auth.uid());
  end if;
  return null;
end
$$;

create or replace trigger jobs_quotas
  after insert on public.jobs
  for each statement execute function arena.check_quotas();

revoke all on all functions in schema arena from public;
