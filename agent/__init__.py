"""The agent: everything of Vision Arena that talks to Supabase.

It claims a job, fetches its images, has :mod:`benchmark` compare the two models
and writes the result. The ``arena`` command line lives here as well.
"""
