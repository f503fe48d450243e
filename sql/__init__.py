"""The database: timestamped migrations for a Supabase project, and the same thing in one file, `schema.sql`.

`migrations/<YYYYMMDDHHMMSS>_<name>.sql` are applied in the order of their names, each in a transaction of its own,
and each may be run again. `python -m sql.schema` writes `schema.sql` from them.
"""
