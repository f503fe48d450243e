"""The database: timestamped migrations for a Supabase project, and the same thing in one file, `schema.sql`.

`migrations/<YYYYMMDDHHMMSS>_<name>.sql` are applied in the order of their names, once each; one that broke off
may be run again. What was committed is never edited. `python -m sql.schema` writes `schema.sql` from them.
"""
