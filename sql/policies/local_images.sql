-- Takes relative image paths as well, which agents read under their ARENA_IMAGE_ROOT: for one machine, as in the demo.
update public.arena_settings set allow_local_images = true;
