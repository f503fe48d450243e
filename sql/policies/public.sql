-- A public arena, as it is made: results are readable by all, jobs by their owner, and those without one by all.
update public.arena_settings set private = false;
