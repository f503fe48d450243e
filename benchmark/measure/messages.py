"""What the parent and a Host say to each other.

The parent sends one command and gets one reply: the reply that the command names, `Failed`, or `Stopped`. While a
command runs the Host may send any number of `Beat`, and the parent one `Stop`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.detection import Box, Detection
from benchmark.errors import BenchmarkError
from benchmark.model import Loader, ModelInfo, Query


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and what has to hold for it."""

    path: Path
    #: Its name in messages.
    image_path: str
    #: Boxes that must lie within it.
    boxes: tuple[Box, ...] = ()


# --- commands, each with its reply ---


@dataclass(frozen=True, slots=True)
class Open:
    """Read and check the images of a comparison; forget those of the last. Replied to by Opened."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """The images can be read and their boxes lie within them."""

    #: (width, height) of each upright image, in pixels.
    sizes: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Load the model, unless this Host has it already. Replied to by Loaded."""

    loader: Loader
    device: str
    country: str | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready."""

    model: ModelInfo
    #: Seconds that loading took, imports included, exporting not; of the first time where the Host was warm.
    load_s: float
    gpu_name: str | None
    gpu_driver: str | None
    #: Threads that the model's library uses.
    threads: int


@dataclass(frozen=True, slots=True)
class Detect:
    """Predict each image once, untimed, to warm up and to score. Replied to by Detected."""

    query: Query
    #: Seconds it may go on predicting until the times settle, after all images were seen.
    settle_seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Detected:
    """What the model found in each image."""

    detections: tuple[tuple[Detection, ...], ...]
    #: Whether the times had settled.
    settled: bool


@dataclass(frozen=True, slots=True)
class Stream:
    """Time predictions of these images one by one. Replied to by Streamed."""

    #: Indices into the opened images, in order.
    images: tuple[int, ...]
    query: Query


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed prediction. All times in ms."""

    image: int
    decode_ms: float
    preprocess_ms: float
    inference_ms: float
    postprocess_ms: float

    @property
    def predict_ms(self) -> float:
        """Image array in, detections out."""
        return self.preprocess_ms + self.inference_ms + self.postprocess_ms

    @property
    def total_ms(self) -> float:
        """Encoded bytes in, detections out."""
        return self.decode_ms + self.predict_ms


@dataclass(frozen=True, slots=True)
class Streamed:
    """The samples, in the order of the images asked for."""

    samples: tuple[Sample, ...]
    #: Images in which something else was found than at the first sight (Detect).
    changed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """Find the batch size for the offline windows. Replied to by Swept."""

    query: Query


@dataclass(frozen=True, slots=True)
class Swept:
    """The batch size that was found."""

    batch_size: int
    #: Whether the next larger one did not fit into memory.
    limited_by_memory: bool = False


@dataclass(frozen=True, slots=True)
class Offline:
    """Predict in batches as fast as possible, for one window. Replied to by Window."""

    seconds: float
    batch_size: int
    query: Query
    #: Number of the window; those of the same number take the images in the same order.
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one window. None: not measured."""

    joules: float | None = None
    #: `nvml`, `rapl` or `estimated`.
    source: str | None = None
    #: kg CO2eq.
    carbon_kg: float | None = None
    #: Joules by part: `gpu`, `cpu`, `ram`; they may hold estimates beside a measured total, and need not add up to it.
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """One offline window."""

    #: That of the command, or what was left of it after halving until it fitted into memory.
    batch_size: int
    #: Images predicted.
    images: int
    seconds: float
    #: Distinct images that were kept in memory for it.
    distinct_images: int
    energy: Energy
    #: Images of its first batch in which something else was found than at first sight.
    changed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasureIdle:
    """Do nothing for so long, and say what that takes. Replied to by Idle."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Idle:
    """What the machine, or the GPU where there is a model on one, takes while no model works."""

    #: W; None: not measured.
    watts: float | None
    #: As in Energy.
    source: str | None


@dataclass(frozen=True, slots=True)
class Forget:
    """Let go of the images, and of memory that is kept for later. Replied to by Forgotten."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Only the model is left."""


@dataclass(frozen=True, slots=True)
class ForgetPeak:
    """Give back memory that is kept for later, and let the peak start anew. Replied to by PeakForgotten."""


@dataclass(frozen=True, slots=True)
class PeakForgotten:
    """What was taken before does not count any more."""


@dataclass(frozen=True, slots=True)
class MeasureMemory:
    """Report the peak since the last Load or ForgetPeak. Replied to by Memory."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Peaks, in MiB. None: not measured."""

    #: Highest resident memory since the last Load or ForgetPeak, as the kernel kept it.
    resident_mb: float | None
    #: Highest resident memory of the whole life of the process.
    max_rss_mb: float | None = None
    #: Resident memory of the Host before it loaded anything.
    empty_mb: float | None = None
    #: Memory that torch's tensors took on the GPU.
    gpu_allocated_mb: float | None = None
    #: Memory that torch reserved on the GPU, which is more.
    gpu_reserved_mb: float | None = None
    #: Memory of this process on the GPU as its driver counts it, the CUDA context included.
    gpu_process_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Close:
    """End the process. No reply."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave off the command that runs. Replied to by Stopped, or by the command's own reply if it was done."""


# --- other replies ---


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life: how far the command is."""

    done: float
    total: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """The command was left off."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The command failed."""

    error: BenchmarkError


Command = (
    Open | Load | Detect | Stream | Sweep | MeasureIdle | ForgetPeak | Offline | MeasureMemory | Forget | Close | Stop
)
Result = Opened | Loaded | Detected | Streamed | Swept | Idle | PeakForgotten | Window | Memory | Forgotten
Reply = Result | Stopped | Failed
