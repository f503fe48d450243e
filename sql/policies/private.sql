-- A private arena: whoever is not signed in sees and inserts nothing, and users see their own jobs and results only.
update public.arena_settings set private = true;
