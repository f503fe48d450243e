"""`python -m local` installs the Node packages of the stack, for Make and for images."""

import sys

from local.errors import InstallFailed
from local.node import install


def main() -> None:
    """Ends with a sentence and exit status 1 where the packages cannot be installed."""
    try:
        install()
    except InstallFailed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
