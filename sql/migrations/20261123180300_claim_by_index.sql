-- The claim walks its index. Left to itself, a planner without statistics, or with statistics that call the agent's
-- models rare, reads and sorts all pending jobs for every claim instead.

alter function arena.start_next_attempt(uuid, uuid, int, text[], int) set enable_sort = off;
