-- Lets those who are not signed in put images into the folder anon of the bucket arena-images, and everybody read what is
-- in it: as their jobs, it belongs to nobody. It is open to the world, so it is for a trusted network, or a demo; in a
-- private arena it is not. Needs the policy uploads, which makes the bucket and its limits.

do $$
begin
  if to_regclass('storage.objects') is null then
    raise exception 'This project has no Supabase Storage: the table storage.objects is missing.'
      using hint = 'Turn Storage on, or give https:// addresses.';
  end if;
  if not (select allow_uploads from public.arena_settings) then
    raise exception 'The policy uploads is missing, which sees to the bucket and its limits.'
      using hint = 'Apply it first: arena migrate --policy uploads --policy anon_uploads.';
  end if;
end
$$;

drop policy if exists arena_anyone_uploads_images on storage.objects;
create policy arena_anyone_uploads_images on storage.objects for insert to anon
  with check (bucket_id = 'arena-images' and split_part(name, '/', 1) = 'anon'
    and not (select private from public.arena_settings));

drop policy if exists arena_anyone_sees_ownerless_images on storage.objects;
create policy arena_anyone_sees_ownerless_images on storage.objects for select to anon, authenticated
  using (bucket_id = 'arena-images' and split_part(name, '/', 1) = 'anon'
    and ((select auth.uid()) is not null or not (select private from public.arena_settings)));

update public.arena_settings set allow_anon_uploads = true;
