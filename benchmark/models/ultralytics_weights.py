"""Opening weights of the ultralytics package, and what to say of those that it cannot run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from ultralytics.nn.autobackend import AutoBackend

from benchmark.errors import BenchmarkError, ClassMissing, WeightsUnreadable

#: Modules that weights of the old repository ask for; which one is missing depends on what else is called `models`.
_OLD_REPOSITORY = ("'models'", "models.yolo", "models.common")
#: What the package calls a task, in words.
_TASKS = {"segment": "segmentation", "classify": "classification", "obb": "rotated box detection", "pose": "pose"}
_MOST_NAMES = 20


def open_weights(weights: Path, model_id: str, device: torch.device, fp16: bool = False) -> Any:
    """The network, fused, as an AutoBackend of the package.

    Raises WeightsUnreadable.
    """
    name = f"{weights.name} ({model_id})"
    if weights.suffix != ".pt":
        raise WeightsUnreadable(
            f"{name} is not a .pt file. Give the weights as they were trained, and name the runtime: {model_id}@onnx."
        )
    if not weights.is_file():  # the package would ask GitHub for one of that name
        raise WeightsUnreadable(f"{name} is not there.")
    try:
        with neutral_name(weights) as link:
            # As the package's predictor opens it, with the head that needs non-maximum suppression.
            backend = AutoBackend(str(link), device=device, fp16=fp16, fuse=True, verbose=False, end2end=False).eval()
    except Exception as error:
        raise WeightsUnreadable(_explain(name, error)) from error
    _require_detector(name, backend.backend.model)
    return backend


def count_parameters(backend: Any) -> int:
    """Learned values of a network in torch."""
    return sum(each.numel() for each in backend.backend.model.parameters())


def require_classes(model_id: str, names: Sequence[str], classes: Mapping[str, str]) -> None:
    """Raises ClassMissing where the entry's classes are none of the model's."""
    if classes and not set(classes) & set(names):
        ours = next(iter(classes.values()))
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        raise ClassMissing(
            f"{model_id} knows no class {' or '.join(classes)}. It knows: {', '.join(names[:_MOST_NAMES])}{more}. "
            f'Put into its entry in the catalogue which of them is a {ours}: classes = {{ "{names[0]}" = "{ours}" }}'
        )


@contextmanager
def neutral_name(weights: Path, folder: Path | None = None) -> Iterator[Path]:
    """The same file under a name that says nothing, in `folder` or one of its own.

    The package takes names of published weights as a wish: of `yolov5n.pt` it makes `yolov5nu.pt`, searches for that
    and downloads it, and would so open another file than the one whose hash was checked.
    """
    with TemporaryDirectory() as own:
        link = (folder or Path(own)) / f"weights{weights.suffix}"
        link.symlink_to(weights.absolute())
        try:
            yield link
        finally:
            link.unlink()


def _require_detector(name: str, network: Any) -> None:
    task = getattr(network, "task", None)
    head = type(network.model[-1]).__name__ if hasattr(network, "model") else type(network).__name__
    if task != "detect":
        kind = _TASKS.get(str(task), f"{task}")
        raise WeightsUnreadable(f"{name} holds a {kind} model. What counts cars here are detection models.")
    if "Detect" not in head:
        raise WeightsUnreadable(f"{name} holds a model with the head {head}, which is not that of a YOLO detector.")


def _explain(name: str, error: Exception) -> str:
    reason = error.__cause__ or error
    if isinstance(error, BenchmarkError):
        return str(error)
    if any(module in str(reason) for module in _OLD_REPOSITORY):
        return (
            f"{name} comes from the old YOLOv5 repository, which the ultralytics package cannot open. Its anchor-based "
            "head cannot be converted: train the package's own version on the same images (yolo detect train "
            "model=yolov5su.pt data=YOUR.yaml), or use its published weights, whose names end in `u`."
        )
    # The package's own message names a path and a model of its own; the reason behind it is what helps.
    return f"{name} cannot be opened as YOLO detection weights ({type(reason).__name__}: {str(reason)[:120]})."
