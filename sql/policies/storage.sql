-- Lets agents with a key of their own (`arena agent-key`) read the bucket arena-images of Supabase Storage.
-- The bucket itself is made in the dashboard, as a private one, or by the policy uploads.

do $$
begin
  if to_regclass('storage.objects') is null then
    raise exception 'This project has no Supabase Storage: the table storage.objects is missing.'
      using hint = 'Turn Storage on, or give https:// addresses.';
  end if;
end
$$;

grant usage on schema storage to arena_agent;
grant select on table storage.objects, storage.buckets to arena_agent;

drop policy if exists arena_agent_reads_images on storage.objects;
create policy arena_agent_reads_images on storage.objects for select to arena_agent
  using (bucket_id = 'arena-images');

drop policy if exists arena_agent_finds_its_bucket on storage.buckets;
create policy arena_agent_finds_its_bucket on storage.buckets for select to arena_agent
  using (id = 'arena-images');
