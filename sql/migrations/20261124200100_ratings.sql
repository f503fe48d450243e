-- Who beat whom how often on which machine, and the ratings that an agent makes of it.

create table if not exists public.machines (
  machine text primary key,
  hardware text not null,
  results int not null default 0,
  tallied_version bigint not null default 0,
  rated_version bigint not null default 0,
  rated_at timestamptz,
  constraint machines_are_rated_from_what_is_tallied check (rated_version <= tallied_version)
);
alter table public.machines enable row level security;

comment on table public.machines is 'Hardware that results are from. Ratings are made for each on its own.';
comment on column public.machines.machine is 'As in comparison_results.';
comment on column public.machines.hardware is 'In words.';
comment on column public.machines.results is 'How many there are, those of a model against itself among them.';
comment on column public.machines.tallied_version is 'Grows with every result that comes or goes.';
comment on column public.machines.rated_version is 'The tallied_version that its ratings were made of.';

create table if not exists public.battle_tallies (
  machine text not null references public.machines (machine) on delete cascade,
  model_a text not null references public.models (id),
  model_b text not null references public.models (id),
  wins_a int not null default 0,
  wins_b int not null default 0,
  ties int not null default 0,
  primary key (machine, model_a, model_b),
  constraint battle_tallies_name_each_pair_once check (model_a collate "C" < model_b collate "C")
);
alter table public.battle_tallies enable row level security;

comment on table public.battle_tallies is
  'Outcomes of each pair of models on each machine, kept by a trigger. A model against itself is not counted.';

create table if not exists public.ratings (
  machine text not null references public.machines (machine) on delete cascade,
  model_id text not null references public.models (id),
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
comment on column public.ratings.rating_low is 'Lower end of the 95 % interval.';
comment on column public.ratings.connected_group is 'Ratings of different groups say nothing of each other: no chain of battles joins them.';

-- Adds p_count (1, or -1 to take it back) of a result's outcome. The machine's row is locked first, by all alike.
create or replace function arena.tally(p_result public.comparison_results, p_count int) returns void
language plpgsql set search_path = '' as $$
declare
  v_swapped boolean := p_result.model_a_id collate "C" > p_result.model_b_id collate "C";
  v_first text := case when v_swapped then p_result.model_b_id else p_result.model_a_id end;
  v_second text := case when v_swapped then p_result.model_a_id else p_result.model_b_id end;
begin
  if p_result.machine is null then
    return;
  end if;
  insert into public.machines as m (machine, hardware, results, tallied_version)
  values (p_result.machine, coalesce(p_result.hardware, 'unknown'), p_count, 1)
  on conflict (machine) do update set
    results = m.results + p_count, tallied_version = m.tallied_version + 1, hardware = excluded.hardware;
  if v_first = v_second then
    return;
  end if;
  insert into public.battle_tallies as t (machine, model_a, model_b, wins_a, wins_b, ties)
  values (p_result.machine, v_first, v_second,
    p_count * (p_result.winner = v_first)::int, p_count * (p_result.winner = v_second)::int,
    p_count * (p_result.winner = 'tie')::int)
  on conflict (machine, model_a, model_b) do update set
    wins_a = t.wins_a + excluded.wins_a, wins_b = t.wins_b + excluded.wins_b, ties = t.ties + excluded.ties;
end
$$;

-- Runs as its owner: whoever writes or deletes a result need not see the tallies.
create or replace function arena.tally_result() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    perform arena.tally(new, 1);
  else
    perform arena.tally(old, -1);
  end if;
  return null;
end
$$;

-- What was there before is counted once, in the same transaction that makes the trigger.
do $$
begin
  if not exists (select from pg_catalog.pg_trigger where tgname = 'comparison_results_tally') then
    perform arena.tally(r, 1) from public.comparison_results r;
  end if;
end
$$;

create or replace trigger comparison_results_tally
  after insert or delete on public.comparison_results
  for each row execute function arena.tally_result();

create or replace function public.stale_tallies()
returns table (machine text, version bigint, tallies jsonb)
language sql stable security definer set search_path = '' as $$
  select m.machine, m.tallied_version, coalesce(
    (select jsonb_agg(jsonb_build_object(
        'model_a', t.model_a, 'model_b', t.model_b, 'wins_a', t.wins_a, 'wins_b', t.wins_b, 'ties', t.ties)
        order by t.model_a, t.model_b)
      from public.battle_tallies t
      where t.machine = m.machine and t.wins_a + t.wins_b + t.ties > 0), '[]')
  from public.machines m
  where m.rated_version < m.tallied_version
  order by m.machine
$$;
comment on function public.stale_tallies is 'The machines whose ratings are older than their tallies, with these.';

create or replace function public.put_ratings(p_machine text, p_version bigint, p_ratings jsonb) returns boolean
language plpgsql security definer set search_path = '' as $$
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
end
$$;
comment on function public.put_ratings is
  'Replaces a machine''s ratings by those made of its tallies at p_version; false where newer ones are there already.';

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
