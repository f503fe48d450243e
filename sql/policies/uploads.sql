-- Lets users put images into the bucket arena-images of Supabase Storage, each into the folder that bears their id, and
-- read their own. Makes the bucket, a private one, or sets the limits of one that is there. The agents need the policy
-- storage too.

do $$
begin
  if to_regclass('storage.objects') is null then
    raise exception 'This project has no Supabase Storage: the table storage.objects is missing.'
      using hint = 'Turn Storage on, or give https:// addresses.';
  end if;
  -- Whoever made it public may have meant what is in it now, not what strangers will put there.
  if exists (select from storage.buckets where id = 'arena-images' and public) then
    raise exception 'The bucket arena-images is public: the world would read what users put into it.'
      using hint = 'Make it private in Supabase (Storage → arena-images → Edit bucket), and try again.';
  end if;
end
$$;

insert into storage.buckets as bucket (id, name, public, file_size_limit, allowed_mime_types)
values ('arena-images', 'arena-images', false, 20000000,
  '{image/jpeg,image/png,image/webp,image/bmp,image/tiff,image/gif,image/avif}')
on conflict (id) do update set
  file_size_limit = least(bucket.file_size_limit, excluded.file_size_limit),
  allowed_mime_types = excluded.allowed_mime_types;

drop policy if exists arena_users_upload_images on storage.objects;
create policy arena_users_upload_images on storage.objects for insert to authenticated
  with check (bucket_id = 'arena-images' and split_part(name, '/', 1) = (select auth.uid())::text);

drop policy if exists arena_users_see_their_images on storage.objects;
create policy arena_users_see_their_images on storage.objects for select to authenticated
  using (bucket_id = 'arena-images' and split_part(name, '/', 1) = (select auth.uid())::text);

update public.arena_settings set allow_uploads = true;
