"""What a Host prints."""

import os
from pathlib import Path

#: Bytes that it may hold, and that are kept when it holds more.
_MOST = 2**20
_KEPT = 16 * 2**10
#: Characters that are quoted.
_TAIL = 2000
#: Begins the line on which Python lists dozens of modules after a crash, at the cost of what happened.
_NOISE = "Extension modules:"


class HostLog:
    """A file that both processes hold open.

    It is trimmed with every command and ten times a second while one runs, so it holds what a Host prints in a tenth of
    a second at most, however much it prints.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "log"
        # For appending, so that what the Host writes after the file was cut goes to its new end.
        self._file = path.open("a+b", buffering=0)
        path.unlink()

    def fileno(self) -> int:
        """For the Host's standard output."""
        return self._file.fileno()

    @property
    def size(self) -> int:
        """Bytes."""
        return os.fstat(self.fileno()).st_size

    def trim(self) -> None:
        """Drop all but the end of a long one. Costs a microsecond where it is not."""
        if not self._file.closed and self.size > _MOST:
            end = self._end()
            self._file.truncate(0)
            self._file.write(end)

    def tail(self) -> str:
        """The last words; empty once it is closed."""
        if self._file.closed:
            return ""
        lines = self._end().decode(errors="replace").splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith(_NOISE)).strip()[-_TAIL:]

    def close(self) -> None:
        """May be called again."""
        self._file.close()

    def _end(self) -> bytes:
        self._file.seek(max(0, self.size - _KEPT))
        return self._file.read()
