-- Who beat whom how often on which machine, and the ratings that an agent makes of it.

create table if not exists public.machines (
  machine text primary key,
  hardware text not null,
  results int not null,
  -- From the clock, so that hardware whose results all went and that has some again is not taken for what it was.
  tallied_version bigint not null default (1e6 * extract(epoch from clock_timestamp()))::bigint,
  rated_version bigint not null default 0,
  rated_at timestamptz,
  constraint machines_results_not_negative check (results >= 0),
  constraint machines_are_rated_from_what_is_tallied check (rated_version <= tallied_version)
);
alter table public.machines enable row level security;

comment on table public.machines is
  'Hardware that results are from. Ratings are made for each on its own, and it goes with the last of its results.';
comment on column public.machines.machine is 'As in comparison_results.';
comment on column public.machines.hardware is 'In words.';
comment on column public.machines.results is 'How many there are, those of a model against itself among them.';
comment on column public.machines.tallied_version is 'Grows whenever results come, change or go.';
comment on column public.machines.rated_version is 'The tallied_version that its ratings were made of.';

create table if not exists public.battle_tallies (
  machine text not null references public.machines (machine) on delete cascade,
  model_a text not null references public.models (id) on delete cascade,
  model_b text not null references public.models (id) on delete cascade,
  wins_a int not null,
  wins_b int not null,
  ties int not null,
  primary key (machine, model_a, model_b),
  constraint battle_tallies_name_each_pair_once check (model_a collate "C" < model_b collate "C"),
  constraint battle_tallies_not_negative check (wins_a >= 0 and wins_b >= 0 and ties >= 0)
);
alter table public.battle_tallies enable row level security;

comment on table public.battle_tallies is
  'Outcomes of each pair of models on each machine, kept by triggers. A model against itself is not counted.';

create table if not exists public.ratings (
  machine text not null references public.machines (machine) on delete cascade,
  model_id text not null references public.models (id) on delete cascade,
  rating double precision not null,
  rating_low double precision not null,
  rating_high double precision not null,
  battles int not null,
  wins int not null,
  losses int not null,
  ties int not null,
  connected_group int not null,
  primary key (machine, model_id)
);
alter table public.ratings enable row level security;

comment on table public.ratings is 'Bradley-Terry ratings of each machine''s models. docs/measurement.md says how they are made.';
comment on column public.ratings.rating is 'On Elo''s scale, 1000 in the middle: 400 points are ten to one.';
comment on column public.ratings.rating_low is 'Lower end of the 95 % interval, which is as long to either side.';
comment on column public.ratings.connected_group is 'Ratings of different groups say nothing of each other: no chain of battles joins them.';

do $$
begin
  if to_regtype('arena.outcome') is null then
    -- Of a result that comes (1) or goes (-1).
    create type arena.outcome as (machine text, hardware text, model_a text, model_b text, winner text, count int);
  end if;
end
$$;

-- One row for each machine and pair, however many results, and all in one order, so that no two calls wait in a circle.
-- What would be below nothing is nothing: no result has to stay because of a sum.
create or replace function arena.tally_machines(p_outcomes arena.outcome[]) returns void
language plpgsql set search_path = '' as $$
begin
  with change as (
    select machine, max(hardware) as hardware, sum(count) as results
    from unnest(p_outcomes) where machine is not null
    group by machine
  )
  insert into public.machines as m (machine, hardware, results)
  select machine, coalesce(hardware, 'unknown'), greatest(results, 0) from change order by machine
  on conflict (machine) do update set
    hardware = excluded.hardware, tallied_version = m.tallied_version + 1,
    results = greatest(m.results + (select c.results from change c where c.machine = m.machine), 0);
end
$$;

create or replace function arena.tally_pairs(p_outcomes arena.outcome[]) returns void
language plpgsql set search_path = '' as $$
begin
  with change as (
    select machine, least(model_a collate "C", model_b) as model_a, greatest(model_a collate "C", model_b) as model_b,
      coalesce(sum(count) filter (where winner = least(model_a collate "C", model_b)), 0) as wins_a,
      coalesce(sum(count) filter (where winner = greatest(model_a collate "C", model_b)), 0) as wins_b,
      coalesce(sum(count) filter (where winner = 'tie'), 0) as ties
    from unnest(p_outcomes) where machine is not null and model_a <> model_b
    group by 1, 2, 3
  )
  insert into public.battle_tallies as t (machine, model_a, model_b, wins_a, wins_b, ties)
  select machine, model_a, model_b, greatest(wins_a, 0), greatest(wins_b, 0), greatest(ties, 0)
  from change order by machine, model_a, model_b
  on conflict (machine, model_a, model_b) do update set (wins_a, wins_b, ties) = (
    select greatest(t.wins_a + c.wins_a, 0), greatest(t.wins_b + c.wins_b, 0), greatest(t.ties + c.ties, 0)
    from change c where (c.machine, c.model_a, c.model_b) = (t.machine, t.model_a, t.model_b));
end
$$;

-- The machines' rows come first: who holds one has its pairs and ratings to itself.
create or replace function arena.tally(p_outcomes arena.outcome[]) returns void
language plpgsql set search_path = '' as $$
begin
  perform arena.tally_machines(p_outcomes);
  perform arena.tally_pairs(p_outcomes);
  if -1 = any (select count from unnest(p_outcomes)) then
    delete from public.battle_tallies t using unnest(p_outcomes) o
    where t.machine = o.machine and (t.wins_a, t.wins_b, t.ties) = (0, 0, 0);
    delete from public.machines m using unnest(p_outcomes) o where m.machine = o.machine and m.results = 0;
  end if;
end
$$;

-- Runs as its owner: whoever writes or deletes a result need not see the tallies.
create or replace function arena.tally_results() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  v_outcomes arena.outcome[] := '{}';
begin
  if tg_op <> 'INSERT' then
    v_outcomes := array(
      select row(machine, hardware, model_a_id, model_b_id, winner, -1)::arena.outcome from gone);
  end if;
  if tg_op <> 'DELETE' then
    v_outcomes := v_outcomes || array(
      select row(machine, hardware, model_a_id, model_b_id, winner, 1)::arena.outcome from come);
  end if;
  perform arena.tally(v_outcomes);
  return null;
end
$$;

-- What was there before is counted once, and under a lock, or a result that comes meanwhile would never be.
do $$
begin
  if not exists (select from pg_catalog.pg_trigger where tgname = 'comparison_results_tally_come') then
    lock table public.comparison_results in share row exclusive mode;
    perform arena.tally(array(
      select row(machine, hardware, model_a_id, model_b_id, winner, 1)::arena.outcome from public.comparison_results));
    create trigger comparison_results_tally_come
      after insert on public.comparison_results referencing new table as come
      for each statement execute function arena.tally_results();
    create trigger comparison_results_tally_gone
      after delete on public.comparison_results referencing old table as gone
      for each statement execute function arena.tally_results();
    create trigger comparison_results_tally_changed
      after update on public.comparison_results referencing old table as gone new table as come
      for each statement execute function arena.tally_results();
  end if;
end
$$;

create or replace function public.stale_tallies()
returns table (machine text, version bigint, tallies jsonb)
language sql stable security definer set search_path = '' as $$
  select m.machine, m.tallied_version, coalesce(
    (select jsonb_agg(jsonb_build_object(
        'model_a', t.model_a, 'model_b', t.model_b, 'wins_a', t.wins_a, 'wins_b', t.wins_b, 'ties', t.ties)
        order by t.model_a, t.model_b)
      from public.battle_tallies t
      where t.machine = m.machine), '[]')
  from public.machines m
  where m.rated_version < m.tallied_version
  order by m.machine
$$;
comment on function public.stale_tallies is 'The machines whose ratings are older than their tallies, with these.';

create or replace function public.put_ratings(p_machine text, p_version bigint, p_ratings jsonb) returns boolean
-- An agent has jobs to do: where results of that machine are being written or pruned, its ratings can wait.
language plpgsql security definer set search_path = '' set lock_timeout = '1s' as $$
begin
  if jsonb_typeof(p_ratings) is distinct from 'array' then
    perform arena.refuse('p_ratings', 'p_ratings is not an array.', 'Give an array of ratings, [] for none.');
  end if;
  -- Of two agents that rate at once, the one that knew more stays, whoever comes last.
  update public.machines set rated_version = p_version, rated_at = clock_timestamp()
  where machine = p_machine and rated_version < p_version and p_version <= tallied_version;
  if not found then
    return false;
  end if;
  delete from public.ratings where machine = p_machine;
  insert into public.ratings
    (machine, model_id, rating, rating_low, rating_high, battles, wins, losses, ties, connected_group)
  select p_machine, r.model_id, r.rating, r.rating_low, r.rating_high, r.battles, r.wins, r.losses, r.ties, r.connected_group
  from jsonb_to_recordset(p_ratings) as r (
    model_id text, rating double precision, rating_low double precision, rating_high double precision,
    battles int, wins int, losses int, ties int, connected_group int);
  return true;
exception when lock_not_available then
  return false;
end
$$;
comment on function public.put_ratings is
  'Replaces a machine''s ratings by those made of its tallies at p_version; false where newer ones are there already, or where its tallies are being changed.';

revoke all on table public.machines, public.battle_tallies, public.ratings
from public, anon, authenticated, service_role, arena_agent;
grant select on table public.machines, public.battle_tallies, public.ratings to anon, authenticated, service_role;

-- Who sees the models sees how they fare, in a private arena too: sums name no job, no image and no user.
drop policy if exists machines_are_seen on public.machines;
create policy machines_are_seen on public.machines for select to anon, authenticated
  using ((select auth.uid()) is not null or not (select private from public.arena_settings));

drop policy if exists battle_tallies_are_seen on public.battle_tallies;
create policy battle_tallies_are_seen on public.battle_tallies for select to anon, authenticated
  using ((select auth.uid()) is not null or not (select private from public.arena_settings));

drop policy if exists ratings_are_seen on public.ratings;
create policy ratings_are_seen on public.ratings for select to anon, authenticated
  using ((select auth.uid()) is not null or not (select private from public.arena_settings));

do $$
begin
  if not exists (
    select from pg_catalog.pg_publication_tables
    where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'machines')
  then
    alter publication supabase_realtime add table public.machines;
  end if;
end
$$;

revoke all on all functions in schema arena from public;

revoke all on function public.stale_tallies, public.put_ratings from public, anon, authenticated, service_role, arena_agent;
grant execute on function public.stale_tallies, public.put_ratings to service_role, arena_agent;

notify pgrst, 'reload schema';
