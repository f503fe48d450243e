"""What Python processes do to files and sockets, those that they start included."""

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Spy:
    """Watches every Python that is started from here on."""

    journal: Path

    @staticmethod
    def set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Spy":
        spy = Spy(folder / "journal.txt")
        spy.journal.touch()
        monkeypatch.setenv("ARENA_TEST_JOURNAL", str(spy.journal))
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "watched"))
        return spy

    def noted(self, kind: str) -> list[str]:
        """What was `outward` (addresses that a socket was to reach) or `written` (paths that were changed)."""
        lines = [line.partition("\t") for line in self.journal.read_text().splitlines()]
        return [rest for each, _, rest in lines if each == kind]

    @property
    def written_at_home(self) -> list[str]:
        """In the user's home folder, but not where the project and its packages are."""
        home = Path(pwd.getpwuid(os.getuid()).pw_dir)
        installed = [Path(sys.prefix), Path(__file__).parents[3]]
        return [
            path
            for path in self.noted("written")
            if Path(path).is_relative_to(home) and not any(Path(path).is_relative_to(each) for each in installed)
        ]
