"""The seam between an adapter, which knows one library, and the code that measures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmark.detection import Detection

#: Height × width × 3, BGR, 0–255: what OpenCV decodes to.
Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Query:
    """What to keep of a model's detections."""

    #: Detections at or below this score are dropped, 0–1.
    confidence: float
    #: Class names to keep.
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model says of itself."""

    #: Number of learned values.
    parameters: int
    #: Numbers it computes with, as `fp32`.
    precision: str
    #: `cpu` or `cuda:0`.
    device: str
    class_names: tuple[str, ...]
    #: Where its counts come from: `boxes`, or what a model without boxes counts by. What it finds is then points:
    #: boxes without area.
    count_basis: str = "boxes"
    #: Score above which it counts, where it has a threshold of its own; None: that of the job.
    confidence: float | None = None
    #: What its own thresholds were set on; None: nothing, or it has none.
    calibrated_on: str | None = None
    #: Longer side of the image that it sees, in pixels.
    input_size: int | None = None
    #: Overlap (IoU) above which it takes two boxes of a class for one car.
    nms_iou: float | None = None
    #: What carries out the network, and its version.
    runtime: str = "torch"
    runtime_version: str | None = None
    #: Seconds that it took to export or compile the model, when that was done; None: it runs as it is.
    export_s: float | None = None
    #: Seconds of loading that went into it this time; 0 where it was done before.
    exporting_s: float = 0.0


class Model(Protocol):
    """A loaded model. The three phases are apart so that each can be timed."""

    @property
    def info(self) -> ModelInfo:
        """What it says of itself."""

    def preprocess(self, images: Sequence[Image]) -> Any:
        """Images of any sizes to the model's input, on its device."""

    def infer(self, inputs: Any) -> Any:
        """The network alone; on a GPU it may return before the work is done."""

    def postprocess(self, outputs: Any, inputs: Any, images: Sequence[Image], query: Query) -> list[list[Detection]]:
        """Detections of each image, highest score first, boxes in pixels of the original image."""

    def synchronize(self) -> None:
        """Wait until the device has done all it was given. Nothing to do on a CPU."""


#: Loads a model onto a device (`auto`, `cpu`, `cuda:0`). Picklable, for it runs in the Host.
Loader = Callable[[str], Model]


def predict(model: Model, images: Sequence[Image], query: Query) -> list[list[Detection]]:
    """All three phases on one batch."""
    inputs = model.preprocess(images)
    return model.postprocess(model.infer(inputs), inputs, images, query)
