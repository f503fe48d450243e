-- Whether a page may put images into Supabase Storage: set by the policies uploads and anon_uploads, which allow it there.

alter table public.arena_settings
  add column if not exists allow_uploads boolean not null default false,
  add column if not exists allow_anon_uploads boolean not null default false;

comment on column public.arena_settings.allow_uploads is 'Whether users may put images into the bucket arena-images.';
comment on column public.arena_settings.allow_anon_uploads is 'Whether those who are not signed in may.';

notify pgrst, 'reload schema';
