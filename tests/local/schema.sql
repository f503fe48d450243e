-- Tables of the local stack's own tests.
create role robot nologin;
grant robot to authenticator;
grant usage on schema public to robot;

create type public.mood as enum ('sad', 'happy');

-- Everything is open: for delivery, filters and types.
create table public.things (
  id bigint generated always as identity primary key,
  mark text,
  amount numeric,
  happened_at timestamptz,
  done boolean,
  token uuid,
  tags text[],
  details jsonb,
  feeling public.mood,
  code char(4),
  big text
);
grant select, insert, update, delete on public.things to anon, authenticated, service_role, robot;

-- One row, one owner; one column is nobody's business.
create table public.notes (
  id uuid primary key default gen_random_uuid(),
  owner uuid not null default auth.uid(),
  body text,
  internal text default 'not for users'
);
alter table public.notes enable row level security;
create policy own on public.notes to authenticated
  using ((select auth.uid()) = owner) with check ((select auth.uid()) = owner);
create policy machines on public.notes for select to robot
  using (current_setting('request.jwt.claims', true)::json ->> 'fleet' = body);
grant select (id, owner, body), insert, update, delete on public.notes to authenticated;
grant select on public.notes to robot;

-- The whole old row travels along.
create table public.full_identity (id int primary key, mark text, amount int, big text);
alter table public.full_identity replica identity full;
grant select on public.full_identity to anon;

create table public.keyless (mark text);
grant select on public.keyless to anon;

create table public.ungranted (id bigint generated always as identity primary key, mark text);

create table public.unpublished (id bigint generated always as identity primary key, mark text);
grant select on public.unpublished to anon;

alter publication supabase_realtime
  add table public.things, public.notes, public.full_identity, public.keyless, public.ungranted;

create function public.add(a int, b int) returns int language sql as 'select a + b';
create function public.echo(value jsonb) returns jsonb language sql as 'select value';
create function public.whoami() returns json language sql as $$
  select json_build_object('role', current_user, 'session', session_user, 'claimed', current_setting('request.jwt.claims', true)::json ->> 'role')
$$;
-- auth.uid() is not for custom roles, as on hosted Supabase.
create function public.my_id() returns uuid language sql as 'select auth.uid()';
