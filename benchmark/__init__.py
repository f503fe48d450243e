"""Two models, the same images, one verdict. Knows nothing of jobs, databases or the network."""

from benchmark.calibration import Calibration, Thresholds, calibrate
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
    ExportFailed,
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
    RuntimeUnavailable,
    SetupError,
    TooFewImages,
    TooFewImagesNow,
    UnknownCountry,
    UnknownModel,
    UnknownRuntime,
    WeightsMismatch,
    WeightsMissing,
    WeightsNotFetched,
    WeightsUnreadable,
)
from benchmark.labelled_image import LabelledImage
from benchmark.left_out import LeftOut
from benchmark.measure.counters import processor_counters
from benchmark.measure.countries import check_country
from benchmark.measure.device_check import look_at_device
from benchmark.measure.device_report import DeviceReport, TorchGpu
from benchmark.measure.environment import describe_machine, git_revision
from benchmark.measure.gpu import gpu_names, gpu_states
from benchmark.measure.gpu_reading import GpuReading, gpu_readings
from benchmark.models.catalogue import Catalogue, ModelEntry, WeightsFile, load_catalogue
from benchmark.models.state import ModelState, model_state
from benchmark.models.weights import CheckedWeights, resolve_weights, weights_place
from benchmark.options import Options, Weights
from benchmark.progress import Progress
from benchmark.ratings import Rating, Tally, rate
from benchmark.selection import Entries
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
    "Calibration",
    "Cancelled",
    "CannotDetectCars",
    "Catalogue",
    "CheckedWeights",
    "ClassMissing",
    "Comparison",
    "Detection",
    "DeviceReport",
    "DeviceUnavailable",
    "Entries",
    "ExportFailed",
    "FamilyMissing",
    "GpuFault",
    "GpuOutOfMemory",
    "GpuReading",
    "HostDied",
    "HostError",
    "HostTimeout",
    "ImageResult",
    "InputError",
    "InvalidOptions",
    "LabelledImage",
    "LeftOut",
    "LibraryMissing",
    "ModelEntry",
    "ModelFailed",
    "ModelState",
    "Options",
    "OutOfMemory",
    "PhaseTimeout",
    "Progress",
    "Rating",
    "RuntimeUnavailable",
    "SetupError",
    "Tally",
    "Thresholds",
    "Thumbnail",
    "TooFewImages",
    "TooFewImagesNow",
    "TorchGpu",
    "UnknownCountry",
    "UnknownModel",
    "UnknownRuntime",
    "Verdict",
    "Weights",
    "WeightsFile",
    "WeightsMismatch",
    "WeightsMissing",
    "WeightsNotFetched",
    "WeightsUnreadable",
    "calibrate",
    "check_country",
    "compare",
    "describe_machine",
    "git_revision",
    "gpu_names",
    "gpu_readings",
    "gpu_states",
    "load_catalogue",
    "look_at_device",
    "model_state",
    "processor_counters",
    "rate",
    "resolve_weights",
    "thumbnail",
    "weights_place",
]
