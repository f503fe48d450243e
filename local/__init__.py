"""A Supabase-shaped stack on one machine, for development, tests and the demo only.

Embedded Postgres; REST, auth and Storage by @supabase/lite; and a Realtime server of our own, with no
container. It is not hardened and not fast: production is a hosted or self-hosted Supabase. See
`local/README.md` for where it differs.
"""

from local.errors import InstallFailed, LocalError, PortTaken, StartupFailed
from local.keys import Keys
from local.node import install
from local.page import Page, Sample
from local.postgres import GUARD_FILE
from local.stack import LocalStack

__all__ = [
    "GUARD_FILE",
    "InstallFailed",
    "Keys",
    "LocalError",
    "LocalStack",
    "Page",
    "PortTaken",
    "Sample",
    "StartupFailed",
    "install",
]
