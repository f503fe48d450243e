"""Two models, the same images, one verdict. Knows nothing of jobs, databases or the network."""

from benchmark.compare import Arena, compare
from benchmark.comparison import Comparison, ImageResult
from benchmark.detection import Box, Detection
from benchmark.errors import (
    BadCatalogue,
    BadImage,
    BadLabel,
    BenchmarkError,
    BoxOutsideImage,
    Cancelled,
    CannotDetectCars,
    ClassMissing,
    DeviceUnavailable,
    FamilyMissing,
    GpuFault,
    GpuOutOfMemory,
    HostDied,
    HostError,
    HostTimeout,
    InputError,
    InvalidOptions,
    LibraryMissing,
    ModelFailed,
    OutOfMemory,
    PhaseTimeout,
    SetupError,
    UnknownCountry,
    UnknownModel,
    WeightsMismatch,
    WeightsMissing,
    WeightsUnreadable,
)
from benchmark.labelled_image import LabelledImage
from benchmark.measure.environment import describe_machine
from benchmark.models.catalogue import Catalogue, ModelEntry, WeightsFile, load_catalogue
from benchmark.models.state import ModelState, model_state
from benchmark.options import Options, Weights
from benchmark.progress import Progress
from benchmark.settings import BenchmarkSettings
from benchmark.thumbnail import Thumbnail, thumbnail
from benchmark.verdict import Verdict

__all__ = [
    "Arena",
    "BadCatalogue",
    "BadImage",
    "BadLabel",
    "BenchmarkError",
    "BenchmarkSettings",
    "Box",
    "BoxOutsideImage",
    "Cancelled",
    "CannotDetectCars",
    "Catalogue",
    "ClassMissing",
    "Comparison",
    "Detection",
    "DeviceUnavailable",
    "FamilyMissing",
    "GpuFault",
    "GpuOutOfMemory",
    "HostDied",
    "HostError",
    "HostTimeout",
    "ImageResult",
    "InputError",
    "InvalidOptions",
    "LabelledImage",
    "LibraryMissing",
    "ModelEntry",
    "ModelFailed",
    "ModelState",
    "Options",
    "OutOfMemory",
    "PhaseTimeout",
    "Progress",
    "SetupError",
    "Thumbnail",
    "UnknownCountry",
    "UnknownModel",
    "Verdict",
    "Weights",
    "WeightsFile",
    "WeightsMismatch",
    "WeightsMissing",
    "WeightsUnreadable",
    "compare",
    "describe_machine",
    "load_catalogue",
    "model_state",
    "thumbnail",
]
