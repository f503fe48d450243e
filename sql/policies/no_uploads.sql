-- Takes back what uploads and anon_uploads allow. What was uploaded stays, and agents read it as before.

do $$
begin
  if to_regclass('storage.objects') is not null then
    drop policy if exists arena_users_upload_images on storage.objects;
    drop policy if exists arena_users_see_their_images on storage.objects;
    drop policy if exists arena_anyone_uploads_images on storage.objects;
    drop policy if exists arena_anyone_sees_ownerless_images on storage.objects;
  end if;
end
$$;

update public.arena_settings set allow_uploads = false, allow_anon_uploads = false;
