"""Train the demo's small image classifier from random weights on generated scenes.

``python -m demo.train_classifier`` makes it again, on a CPU and without a network; ``--help`` says what can
be set. The classes are `street` and `car`. A classifier of ImageNet learns only what a whole picture shows; this one
has a few minutes instead of days, so it is told as well which positions of its class activation map lie upon a car.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from demo.crops import Batch, SmallScene, draw_batch, read_scenes
from demo.record import save_record
from demo.scenes import HEIGHT, WIDTH, write_scenes
from demo.train import IMAGE_SIZE, TRAINING_SEED, WEIGHTS

ARCHITECTURE = "efficientnet_b0"
CLASSES = ("street", "car")
#: Pixels of the classifier's picture for one position of its map. At the usual 32 a position holds two cars.
OUTPUT_STRIDE = 16
LIBRARIES = ("timm", "torch", "numpy", "safetensors")
CALIBRATION_SEED = 6
CROP_SIZE = (128, 96)  # pixels; multiples of 32
WHOLE_SIZE = (IMAGE_SIZE, IMAGE_SIZE * HEIGHT // WIDTH)
LEARNING_RATE = 2e-3
#: Of the last layer: 1,280 features move a score together, so it takes smaller steps than the rest.
HEAD_RATE = LEARNING_RATE / 10
#: What the picture's own class weighs beside those of the positions.
PICTURE_WEIGHT = 0.1


def main(
    scenes: Annotated[int, typer.Option(help="scenes to train on")] = 1200,
    steps: Annotated[int, typer.Option(help="steps on crops")] = 1000,
    whole_steps: Annotated[int, typer.Option(help="steps on whole scenes after that")] = 250,
    batch: Annotated[int, typer.Option(help="crops in one step; a quarter as many whole scenes")] = 16,
    held_out: Annotated[int, typer.Option(help="scenes to set thresholds on, and as many to measure on")] = 60,
    output: Annotated[Path, typer.Option(help="folder for weights and record", show_default="demo/weights")] = WEIGHTS,
) -> None:
    """Train on crops of generated scenes, set the thresholds and measure on other scenes, keep half precision."""
    with tempfile.TemporaryDirectory(prefix="arena-train-") as temporary:
        folder = Path(temporary)
        small = read_scenes(write_scenes(folder / "train", scenes, TRAINING_SEED), IMAGE_SIZE)
        model = _train(small, steps, whole_steps, batch)
        weights = output / f"{ARCHITECTURE}_cars.safetensors"
        _save_weights(model, weights)
        training = {"scenes": scenes, "steps": steps, "whole_steps": whole_steps, "batch": batch}
        measured = _calibrate(weights, folder, 2 * held_out)
        typer.echo(save_record(weights, _facts(training, measured), LIBRARIES))


def _train(scenes: list[SmallScene], steps: int, whole_steps: int, batch: int) -> Any:
    """A network trained from random weights; the learning rate rises over a tenth of the steps, then falls to 0."""
    import torch

    torch.manual_seed(TRAINING_SEED)
    rng = np.random.default_rng(TRAINING_SEED)
    model = _build()
    optimizer = torch.optim.AdamW(_rates(model), weight_decay=0.02)
    total = steps + whole_steps
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [LEARNING_RATE, HEAD_RATE], total_steps=total + 1, pct_start=0.1, cycle_momentum=False
    )
    started = time.perf_counter()
    for step, (size, count) in enumerate(_courses(steps, whole_steps, batch), start=1):
        loss = _loss(model, draw_batch(scenes, count, size, OUTPUT_STRIDE, rng))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 20 == 0 or step == total:
            typer.echo(f"step {step} of {total}, loss {loss.item():.3f}, {time.perf_counter() - started:.0f} s")
    return model.eval()


def _courses(steps: int, whole_steps: int, batch: int) -> Iterator[tuple[tuple[int, int], int]]:
    """Size and number of the pictures of each step: crops first, then whole scenes, as it will see them."""
    yield from [(CROP_SIZE, batch)] * steps
    yield from [(WHOLE_SIZE, max(2, batch // 4))] * whole_steps


def _build() -> Any:
    """Every block begins as if it were not there, and every score at 0: both let so short a training settle."""
    import timm
    import torch

    model: Any = timm.create_model(ARCHITECTURE, num_classes=len(CLASSES), output_stride=OUTPUT_STRIDE)
    for block in (block for stage in model.blocks for block in stage if block.has_skip):
        last = block.bn3 if hasattr(block, "bn3") else block.bn2
        torch.nn.init.zeros_(last.weight)
    torch.nn.init.zeros_(model.classifier.weight)
    torch.nn.init.zeros_(model.classifier.bias)
    return model


def _rates(model: Any) -> list[dict[str, Any]]:
    """Learning rates by part of the network."""
    head = list(model.classifier.parameters())
    body = [each for each in model.parameters() if not any(each is other for other in head)]
    return [{"params": body, "lr": LEARNING_RATE}, {"params": head, "lr": HEAD_RATE}]


def _loss(model: Any, batch: Batch) -> Any:
    """Cross entropy of every position of the map, and of the whole picture, whose scores are the map's mean."""
    import torch
    from torch.nn import functional

    features = model.forward_features(torch.from_numpy(batch.images))
    scores = functional.conv2d(features, model.classifier.weight[:, :, None, None], model.classifier.bias)
    wanted = torch.from_numpy(batch.maps)
    car = scores[:, 1] - scores[:, 0]
    positions = functional.binary_cross_entropy_with_logits(car, wanted, weight=1 + 4 * wanted)
    picture = functional.cross_entropy(scores.mean(dim=(2, 3)), torch.from_numpy(batch.has_car))
    return positions + PICTURE_WEIGHT * picture


def _save_weights(model: Any, weights: Path) -> None:
    from safetensors.torch import save_file

    weights.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()}
    save_file(kept, weights)


def _calibrate(weights: Path, folder: Path, scenes: int) -> dict[str, Any]:
    """As anyone sets thresholds: by `arena calibrate`, on scenes of their own."""
    images = folder / f"generated scenes of seed {CALIBRATION_SEED}"
    write_scenes(images, scenes, CALIBRATION_SEED)
    catalogue, result = folder / "catalogue.toml", folder / "calibration.json"
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    catalogue.write_text(_ENTRY.format(file=json.dumps(str(weights.resolve())), sha256=sha256), encoding="utf-8")
    options = {"--images": images, "--catalogue": catalogue, "--json": result, "--device": "cpu"}
    command = [sys.executable, "-m", "agent", "calibrate", ARCHITECTURE, *map(str, chain(*options.items()))]
    subprocess.run(command, check=True, stdout=sys.stderr)
    measured: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return measured


#: What demo/catalogue.toml says too, but for the thresholds that are to be set.
_ENTRY = f"""
[models.{ARCHITECTURE}]
name = "in training"
family = "timm"
task = "image-classification"
can_detect_cars = true
description = "in training"
input_size = {IMAGE_SIZE}
[models.{ARCHITECTURE}.parameters]
architecture = "{ARCHITECTURE}"
output_stride = {OUTPUT_STRIDE}
class_names = {json.dumps(CLASSES)}
[models.{ARCHITECTURE}.weights]
file = {{file}}
sha256 = "{{sha256}}"
"""


def _facts(training: dict[str, Any], measured: dict[str, Any]) -> dict[str, Any]:
    held_out = measured["held_out"]
    return {
        "architecture": ARCHITECTURE,
        "classes": list(CLASSES),
        "image_size": IMAGE_SIZE,
        "output_stride": OUTPUT_STRIDE,
        "thresholds": {**measured["parameters"], "scenes": measured["set_on"]["images"], "seed": CALIBRATION_SEED},
        "held_out": {
            "count_mae": round(held_out["count_mae"], 4),
            "presence_accuracy": round(held_out["presence_accuracy"], 4),
            "scenes": held_out["images"],
            "seed": CALIBRATION_SEED,
        },
        "training": {**training, "from": "random weights", "device": "cpu", "seed": TRAINING_SEED},
    }


if __name__ == "__main__":
    typer.run(main)
