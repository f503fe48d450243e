"""What the operator of a machine chooses, once for all comparisons on it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BenchmarkSettings:
    """Settings of an Arena."""

    #: `auto` (a GPU where there is one), `cpu`, `cuda` or `cuda:0`.
    device: str = "auto"
    #: Country whose electricity is used, as an ISO-3 code; None leaves carbon unmeasured, energy is still measured.
    country: str | None = None
    #: Seconds a model may take to load.
    load_timeout_s: float = 180.0
    #: Seconds that a model may take to be exported to the format of its runtime, which is done once.
    export_timeout_s: float = 1200.0
    #: Folder in which exported models are kept; None: they go with the Host that made them.
    exports_dir: Path | None = None
    #: Seconds a Host may go without a sign of life while it measures; a sign comes after every batch.
    silence_timeout_s: float = 60.0
    #: Seconds that a phase may take, both models together.
    phase_timeout_s: float = 1800.0
    #: MiB of memory that one Host may take; None takes four fifths of the machine's, or of its container's.
    host_memory_mb: float | None = None
    #: Hosts kept warm, at least 2; the least recently used one goes first.
    max_hosts: int = 4
    #: MiB that all Hosts together may take before idle ones go; None takes half of the machine's, or its container's.
    pool_memory_mb: float | None = None
    #: Arenas at work on this machine at once, one a GPU: what is a share of the machine is divided among them.
    arenas: int = 1
    #: Share of a comparison's images that may be unusable, 0–1; beyond that it fails.
    max_left_out: float = 0.5
    #: Pixels that an image may have.
    max_pixels: int = 50_000_000
    #: Threads of a Host; None takes one less than the physical cores that this process may use.
    threads: int | None = None
