-- The role that the agent works as, and a schema for what nobody calls from outside.

do $$
begin
  if to_regprocedure('auth.uid()') is null
    or (select count(*) from pg_catalog.pg_roles
        where rolname in ('anon', 'authenticated', 'service_role', 'authenticator')) < 4
  then
    raise exception 'This database is not a Supabase project: auth.uid() or one of the roles anon, authenticated, service_role, authenticator is missing.'
      using hint = 'Use the connection string of a Supabase project, or of the local stack.';
  end if;
end
$$;

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'arena_agent') then
    create role arena_agent nologin noinherit;
  end if;
end
$$;

grant arena_agent to authenticator;
grant usage on schema public to anon, authenticated, service_role, arena_agent;

create schema if not exists arena;
revoke all on schema arena from public;
comment on schema arena is
  'Internals of Vision Arena: triggers, validation and the parts the queue functions share. Not exposed by the API.';
