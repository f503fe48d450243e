-- What the arena's owner decides: who may look, which images are taken, and how much of it.

create table if not exists public.arena_settings (
  only_row boolean primary key default true,
  private boolean not null default false,
  allow_http_images boolean not null default false,
  allow_local_images boolean not null default false,
  max_pending_per_user int not null default 20,
  max_pending_anon int not null default 50,
  max_images_per_job int not null default 500,
  max_payload_kb int not null default 1024,
  constraint arena_settings_is_one_row check (only_row),
  constraint arena_settings_max_pending_per_user_in_range check (max_pending_per_user between 0 and 1000000),
  constraint arena_settings_max_pending_anon_in_range check (max_pending_anon between 0 and 1000000),
  constraint arena_settings_max_images_per_job_in_range check (max_images_per_job between 1 and 2000),
  constraint arena_settings_max_payload_kb_in_range check (max_payload_kb between 1 and 10240)
);
alter table public.arena_settings enable row level security;

insert into public.arena_settings default values on conflict do nothing;

comment on table public.arena_settings is
  'One row: what the arena''s owner decides. Change it with the secret key or in the SQL editor; it holds from the next insert on.';
comment on column public.arena_settings.private is
  'Whether nobody sees more than their own jobs and results, and only who is signed in may insert.';
comment on column public.arena_settings.allow_http_images is 'Whether http:// addresses are taken; the agents must allow them too.';
comment on column public.arena_settings.allow_local_images is
  'Whether relative paths are taken, which agents read under their ARENA_IMAGE_ROOT.';
comment on column public.arena_settings.max_pending_per_user is 'Pending jobs that one user may have.';
comment on column public.arena_settings.max_pending_anon is 'Pending jobs that all who are not signed in may have together.';
comment on column public.arena_settings.max_payload_kb is 'Kilobytes (1,024 bytes) that images and options of a job may take as text.';

revoke all on table public.arena_settings from public, anon, authenticated, service_role, arena_agent;
grant select on table public.arena_settings to anon, authenticated;
grant select, update on table public.arena_settings to service_role;

-- Read by everybody, for the other policies ask it, and a page has to know what it may send.
drop policy if exists arena_settings_are_public on public.arena_settings;
create policy arena_settings_are_public on public.arena_settings for select to anon, authenticated using (true);
