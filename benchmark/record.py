"""The circumstances of a comparison: what it takes to do it again, and to tell whether two may be compared."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmark.errors import BadImage
from benchmark.evidence import Evidence
from benchmark.fingerprint import fingerprints
from benchmark.labelled_image import LabelledImage
from benchmark.left_out import LeftOut
from benchmark.measure.environment import describe_machine
from benchmark.measure.messages import Idle
from benchmark.metrics.matches import MATCH_IOU
from benchmark.model import ModelInfo
from benchmark.options import Options

#: Score from which detections enter the average precision; that of `yolo val`.
AP_CONFIDENCE = 0.001


@dataclass(frozen=True, slots=True)
class Record:
    """What was noted beside the models' own figures."""

    options: Options
    country: str | None
    started_at: datetime
    duration_s: float
    #: Seconds that each phase took.
    phase_s: Mapping[str, float]
    #: Clocks, temperatures and load: `before` and `after` the models were timed.
    machine_states: Mapping[str, Mapping[str, Any]]
    #: CPU seconds per second that other programs used while the models were timed; None: not known.
    other_load_cores: float | None
    #: CPU seconds per second of each Host while it waited for its turn.
    waiting_cores: tuple[float, ...]
    #: Of the machine, or its GPU, while no model worked.
    idle: Idle
    #: Images per offline batch: as chosen, and as it was after halving.
    wanted_batch_size: int
    batch_size: int
    #: Whether larger ones were ruled out by memory alone.
    batch_limited_by_memory: bool
    #: Whether the two models' energy could not be compared, and so was left out.
    energy_sources_differ: bool
    #: Of all images and what is true of them, in their order.
    images_sha256: str
    #: Images that could not be used, by their position in the job's images.
    left_out: Mapping[int, LeftOut]
    #: Why the processor was used where a GPU was wanted.
    fallback: str | None

    @property
    def gpu_shared(self) -> bool:
        """Whether others had processes on a GPU on which we are known to have some, before or after."""
        gpus = [gpu for state in self.machine_states.values() for gpu in state.get("gpus") or []]
        return any(gpu.get("own_processes") and gpu.get("foreign_processes") for gpu in gpus)

    def environment(self, evidence: Sequence[Evidence]) -> dict[str, Any]:
        """`environment` of the result, JSON-able, with its fingerprints."""
        known = describe_machine() | self._circumstances() | _models(evidence)
        return known | fingerprints(known)

    def _circumstances(self) -> dict[str, Any]:
        return {
            "started_at": self.started_at.isoformat(),
            "duration_s": round(self.duration_s, 3),
            "phase_s": {phase: round(seconds, 3) for phase, seconds in self.phase_s.items()},
            "machine_state": dict(self.machine_states),
            "other_load_cores": _rounded(self.other_load_cores),
            "waiting_cores": [_rounded(cores) for cores in self.waiting_cores],
            "idle_power": {"watts": _rounded(self.idle.watts), "source": self.idle.source},
            "batch_size": self.batch_size,
            "images_sha256": self.images_sha256,
            "images_left_out": [each.to_json(index) for index, each in self.left_out.items()],
            "fallback": self.fallback,
            "country": self.country,
            "options": self.options.as_dict(),
            "seed": self.options.seed,
            "ap_confidence": AP_CONFIDENCE,
            "match_iou": MATCH_IOU,
        }


def _models(evidence: Sequence[Evidence]) -> dict[str, Any]:
    loaded = [each.loaded for each in evidence]
    gpu = next((each for each in loaded if each.gpu_name), None)
    return {
        "gpu": {"name": gpu.gpu_name, "driver": gpu.gpu_driver} if gpu else None,
        "threads": [each.threads for each in loaded],
        "devices": [each.model.device for each in loaded],
        "numeric_precision": [each.model.precision for each in loaded],
        "images": len(evidence[0].truth),
        "offline_images": evidence[0].windows[0].distinct_images,
        "settled": [each.detected.settled for each in evidence],
        "weights_sha256": {each.model_id: each.weights_sha256 for each in evidence},
        "energy_source": [each.energy_source for each in evidence],
        "models": {each.model_id: _model(each.loaded.model) for each in evidence},
    }


def _model(info: ModelInfo) -> dict[str, Any]:
    """What of a model its weights do not tell."""
    classes = hashlib.sha256("\n".join(info.class_names).encode()).hexdigest()
    return {
        "input_size": info.input_size,
        "nms_iou": info.nms_iou,
        "count_basis": info.count_basis,
        "confidence": info.confidence,
        "runtime": info.runtime,
        "runtime_version": info.runtime_version,
        "class_names_sha256": classes,
    }


def images_sha256(images: Sequence[LabelledImage]) -> str:
    """Of their files, counts and boxes: the same images with another truth are another question. Raises BadImage."""
    digest = hashlib.sha256()
    for image in images:
        digest.update(_file_sha256(image))
        digest.update(repr((image.car_count, image.truth_boxes)).encode())
    return digest.hexdigest()


def _file_sha256(image: LabelledImage) -> bytes:
    try:
        with image.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise BadImage(f"{image.image_path} cannot be read any more: {error.strerror}.") from error


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
