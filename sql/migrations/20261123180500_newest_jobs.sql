-- Lists show the newest jobs first, whoever owns them.

create index if not exists jobs_newest on public.jobs (created_at desc, id);
