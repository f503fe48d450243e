"""Reading the logs of the stack's processes."""

from pathlib import Path

TAIL_BYTES = 3000


def tail(log_file: Path) -> str:
    """The last lines of a log, empty when there is none."""
    if not log_file.exists():
        return ""
    text = log_file.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
    return text.strip()
