"""Train the demo's two small detectors from random weights on generated scenes.

``python -m demo.train`` makes both again, on a CPU and without a network; ``--help`` says what can be
set. Data and runs live in a temporary folder; only the weights and their records are kept.
"""

import json
import os
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from demo.evaluate import ap50
from demo.record import save_record
from demo.scenes import HEIGHT, WIDTH, make_scenes, write_scenes


class Architecture(StrEnum):
    """What can be trained: names of ultralytics' descriptions."""

    YOLOV5N = "yolov5n"
    YOLOV8N = "yolov8n"


ARCHITECTURES = tuple(Architecture)
WEIGHTS = Path(__file__).parent / "weights"
LIBRARIES = ("ultralytics", "torch", "numpy")
IMAGE_SIZE = 320  # pixels, the longer side
# Other seeds are other scenes; the demo's own (scenes.DEMO_SEED) is none of these.
TRAINING_SEED, VALIDATION_SEED, HELD_OUT_SEED = 1, 2, 3
VALIDATION_SCENES = 40


def main(
    architectures: Annotated[
        list[Architecture] | None, typer.Argument(help="which to train; both unless given")
    ] = None,
    scenes: Annotated[int, typer.Option(help="scenes to train on")] = 2000,
    epochs: Annotated[int, typer.Option(help="epochs over which the learning rate would fall")] = 10,
    stop_after: Annotated[int, typer.Option(help="epochs to run; AP50 is flat from the third on")] = 5,
    batch: Annotated[int, typer.Option(help="scenes in one step")] = 8,
    held_out: Annotated[int, typer.Option(help="scenes to measure on, never trained on")] = 60,
    device: Annotated[str, typer.Option(help="cpu, or the index of a GPU")] = "cpu",
    output: Annotated[Path, typer.Option(help="folder for weights and records", show_default="demo/weights")] = WEIGHTS,
) -> None:
    """Train on generated scenes, measure on scenes never trained on, keep half precision."""
    with tempfile.TemporaryDirectory(prefix="arena-train-") as temporary:
        folder = Path(temporary)
        _isolate_ultralytics(folder)
        data = _write_dataset(folder, scenes)
        for architecture in architectures or ARCHITECTURES:
            options = {"epochs": epochs, "batch": batch, "device": device}
            checkpoint = _train(architecture, data, folder, stop_after, options)
            weights = output / f"{architecture}_cars.pt"
            _save_weights(checkpoint, architecture, weights)
            training = {"scenes": scenes, "stopped_after_epochs": stop_after, **options}
            _save_record(architecture, weights, training, held_out)


def _isolate_ultralytics(folder: Path) -> None:
    """Keep it out of the home directory and off the network; works only before its import."""
    os.environ |= {"YOLO_CONFIG_DIR": str(folder), "MPLCONFIGDIR": str(folder)}
    os.environ["YOLO_OFFLINE"] = "1"


def _write_dataset(folder: Path, scenes: int) -> Path:
    """Write scenes with labels as YOLO reads them; returns the data set's description."""
    splits = {"train": (scenes, TRAINING_SEED), "val": (VALIDATION_SCENES, VALIDATION_SEED)}
    for name, (count, seed) in splits.items():
        _write_labels(write_scenes(folder / name, count, seed))
    description = {"path": str(folder), "names": {0: "car"}}
    description |= {name: f"{name}/images" for name in splits}
    data = folder / "data.yaml"
    data.write_text(json.dumps(description), encoding="utf-8")  # JSON is YAML
    return data


def _write_labels(manifest: Path) -> None:
    """Write one text file per scene: class, centre and size in shares of the picture."""
    (manifest.parent / "labels").mkdir()
    for entry in json.loads(manifest.read_text(encoding="utf-8")):
        rows = [
            f"0 {(x1 + x2) / 2 / WIDTH} {(y1 + y2) / 2 / HEIGHT} {(x2 - x1) / WIDTH} {(y2 - y1) / HEIGHT}"
            for x1, y1, x2, y2 in entry["boxes"]
        ]
        label = manifest.parent / "labels" / f"{Path(entry['image_path']).stem}.txt"
        label.write_text("\n".join(rows), encoding="utf-8")


def _train(architecture: str, data: Path, folder: Path, stop_after: int, options: dict[str, Any]) -> Path:
    """Train from random weights; returns the checkpoint of the last epoch."""
    from ultralytics.models import YOLO

    def stop_in_time(trainer: Any) -> None:
        trainer.stop = trainer.epoch + 1 >= stop_after

    model = YOLO(f"{architecture}.yaml")
    model.add_callback("on_train_epoch_end", stop_in_time)
    model.train(
        data=data,
        project=str(folder / "runs"),
        name=architecture,
        imgsz=IMAGE_SIZE,
        pretrained=False,
        amp=False,  # its self-check downloads other weights
        plots=False,
        cache="ram",
        workers=0,
        seed=TRAINING_SEED,
        optimizer="AdamW",
        lr0=0.0015,
        cos_lr=True,
        warmup_epochs=1,
        warmup_bias_lr=0.0,  # the default, 0.1, is meant for SGD
        nbs=options["batch"],  # a step at every batch; the default gathers 64 scenes first
        mosaic=0.0,  # scenes are as many as we like, and whole
        scale=0.25,
        translate=0.08,
        erasing=0.0,
        **options,
    )
    return folder / "runs" / architecture / "weights" / "last.pt"


def _save_weights(checkpoint: Path, architecture: str, weights: Path) -> None:
    """Keep the averaged weights alone, in half precision: no optimizer, no paths, no arguments."""
    import torch

    trained = torch.load(checkpoint, weights_only=False, map_location="cpu")
    model = trained["model"].half()
    facts = {"model": f"{architecture}.yaml", "task": "detect", "imgsz": IMAGE_SIZE}
    model.args = facts
    model.yaml = {**model.yaml, "yaml_file": f"{architecture}.yaml"}
    kept = ("version", "license", "docs")
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": model, "train_args": facts} | {key: trained[key] for key in kept}, weights)


def _save_record(architecture: str, weights: Path, training: dict[str, Any], held_out: int) -> None:
    """Write beside the weights what they are, how they were made and what they score."""
    score = ap50(weights, make_scenes(held_out, HELD_OUT_SEED), training["device"])
    facts = {
        "architecture": architecture,
        "classes": ["car"],
        "image_size": IMAGE_SIZE,
        "held_out": {"ap50": round(score, 4), "scenes": held_out, "seed": HELD_OUT_SEED},
        "training": {**training, "from": "random weights", "seed": TRAINING_SEED},
    }
    typer.echo(save_record(weights, facts, LIBRARIES))


if __name__ == "__main__":
    typer.run(main)
