"""What the insert refuses, and how it says so."""

from typing import Any

import pytest

from tests.sql.database import IMAGES, Database

COMPETITORS = "Choose one of: Trained_yolov5, Trained_yolov8, detectron2, efficientnet_b0."
RUNTIMES = (
    "Choose one of: Trained_yolov8, Trained_yolov8@torch-fp16, Trained_yolov8@torch-compile, Trained_yolov8@onnx, "
    "Trained_yolov8@openvino, Trained_yolov8@tensorrt."
)
WHOLE = "Give a whole number from 0 to 10000."
PATHS = "storage://bucket/path"


def image(**keys: Any) -> dict[str, Any]:
    return {"images": [IMAGES[0], {"image_path": "1.jpg", "car_count": 1} | keys]}


def options(**keys: Any) -> dict[str, Any]:
    return {"options": keys}


NO_BOXES: list[Any] = [
    None, 5, {}, [], [0, 0, 1], [0, 0, 1, 1, 1], [0, 0, 1, "1"], [0, 0, 1, None],
    [2, 0, 1, 1], [0, 2, 1, 1], [1, 0, 1, 1], [-1, 0, 1, 1], [0, -0.5, 1, 1], [0, 0, 100001, 1], [0, 0, 1, 1e300],
]  # fmt: skip

# columns, field, part of the message, part of the hint
REFUSALS: list[tuple[dict[str, Any], str, str, str]] = [
    ({"model_a": None}, "model_a", "model_a is missing", COMPETITORS),
    ({"model_b": "yolo99"}, "model_b", 'no model "yolo99"', COMPETITORS),
    ({"model_a": "roberta_base"}, "model_a", "roberta_base is a language model and cannot detect cars.", COMPETITORS),
    ({"model_b": "wav2vec2"}, "model_b", "wav2vec2 is a speech model and cannot detect cars.", COMPETITORS),
    ({"model_b": "Trained_yolov8@tflite"}, "model_b", "Trained_yolov8 cannot be run as @tflite.", RUNTIMES),
    ({"model_b": "Trained_yolov8@"}, "model_b", "Trained_yolov8 cannot be run as @.", RUNTIMES),
    ({"model_b": "Trained_yolov8@onnx@onnx"}, "model_b", "Trained_yolov8 cannot be run as @onnx@onnx.", RUNTIMES),
    ({"model_a": "Trained_yolov8@torch"}, "model_a", "Trained_yolov8 is run by torch without saying so.", RUNTIMES),
    ({"model_a": "detectron2@onnx"}, "model_a", "detectron2 cannot be run as @onnx.", "Choose one of: detectron2."),
    ({"model_a": "roberta_base@onnx"}, "model_a", "roberta_base is a language model and cannot", COMPETITORS),
    ({"model_a": "yolo99@onnx"}, "model_a", 'no model "yolo99"', COMPETITORS),
    ({"model_a": "@onnx"}, "model_a", 'no model ""', COMPETITORS),
    ({"images": None}, "images", "not an array", "1 to 500"),
    ({"images": {}}, "images", "not an array", "1 to 500"),
    ({"images": []}, "images", "holds 0 images", "1 to 500"),
    ({"images": [{"image_path": "1.jpg", "car_count": 0}] * 501}, "images", "holds 501 images", "1 to 500"),
    ({"images": ["1.jpg"]}, "images[0]", "not an object", "image_path"),
    ({"images": [IMAGES[0], None]}, "images[1]", "not an object", "image_path"),
    ({"images": [{"car_count": 1}]}, "images[0].image_path", "missing", PATHS),
    ({"images": [{"image_path": "1.jpg"}]}, "images[0].car_count", "is missing", WHOLE),
    (image(url="1.jpg"), "images[1].url", 'not known: "url"', "image_path, car_count, description, boxes"),
    *((image(image_path=path), "images[1].image_path", "is not allowed", PATHS) for path in (
        7, None, "", "file:///etc/passwd", "FTP://host/1.jpg", "data:image/png;base64,AAAA", "javascript:alert(1)",
        "/etc/passwd", "//host/1.jpg", "../1.jpg", "a/../1.jpg", "a/..", "..", r"a\1.jpg", r"C:\1.jpg", "C:1.jpg",
        "https:1.jpg", "https://", "https:///1.jpg", "http://?x", "storage://bucket", "storage:///1.jpg",
        "storage://bucket/", "storage://bucket/../other/1.jpg", "a\n.jpg", "a" * 2049,
    )),
    *((image(car_count=count), "images[1].car_count", "images[1].car_count is", WHOLE) for count in (
        -1, 1.5, 3.0, "3", None, True, 10001, [1],
    )),
    (image(description=5), "images[1].description", "not a text", "leave description out"),
    (image(boxes=None), "images[1].boxes", "not an array", "leave boxes out"),
    (image(boxes=[]), "images[1].boxes", "holds 0 boxes, but car_count is 1", "one box for every car"),
    (image(car_count=2, boxes=[[0, 0, 1, 1], [0, 0, 0, 1]]), "images[1].boxes[1]", "not a box: [0, 0, 0,", "x1 < x2"),
    *((image(boxes=[box]), "images[1].boxes[0]", "is not a box", "in pixels") for box in NO_BOXES),
    ({"options": None}, "options", "not an object", "confidence"),
    ({"options": ["seed"]}, "options", "not an object", "confidence"),
    (options(sead=1), "options.sead", 'not known: "sead"',
     "confidence, min_seconds, window_seconds, windows, batch_size, cpu_fallback, weights, seed, classes"),
    (options(confidence=1.1), "options.confidence", "is 1.1", "from 0.001 to 0.999"),
    (options(confidence="0.5"), "options.confidence", 'is "0.5"', "from 0.001 to 0.999"),
    (options(min_seconds=601), "options.min_seconds", "is 601", "from 0.1 to 600"),
    (options(window_seconds=0), "options.window_seconds", "is 0", "from 0.5 to 120"),
    (options(windows=0), "options.windows", "is 0", "whole number from 1 to 20"),
    (options(windows=2.5), "options.windows", "is 2.5", "whole number from 1 to 20"),
    (options(batch_size=257), "options.batch_size", "is 257", "whole number from 1 to 256"),
    (options(cpu_fallback="yes"), "options.cpu_fallback", 'is "yes"', "true or false"),
    (options(seed=-1), "options.seed", "is -1", "whole number"),
    (options(weights=[1]), "options.weights", "not an object", "accuracy"),
    (options(weights={"beauty": 1}), "options.weights.beauty", 'not known: "beauty"', "accuracy, speed, green, memory"),
    (options(weights={"speed": -1}), "options.weights.speed", "is -1", "from 0"),
    (options(weights={"speed": 0}), "options.weights", "sum to 0", "above 0"),
    (options(weights={}), "options.weights", "sum to 0", "above 0"),
    (options(classes="car"), "options.classes", "not an array", '["car", "truck"]'),
    (options(classes=[]), "options.classes", "not an array", '["car", "truck"]'),
    (options(classes=["car", 3]), "options.classes", "not an array", '["car", "truck"]'),
    ({"priority": 101}, "priority", "priority is 101", "from -100 to 100"),
    ({"max_attempts": 0}, "max_attempts", "max_attempts is 0", "from 1 to 10"),
]  # fmt: skip

ACCEPTED: list[dict[str, Any]] = [
    {"model_a": "efficientnet_b0", "model_b": "detectron2"},
    {"model_a": "Trained_yolov5", "model_b": "Trained_yolov5"},
    {"model_a": "Trained_yolov8", "model_b": "Trained_yolov8@onnx"},
    {"model_a": "Trained_yolov5@tensorrt", "model_b": "Trained_yolov5@torch-fp16"},
    {"images": [{"image_path": "1.jpg", "car_count": 0}] * 500},
    *(image(image_path=path) for path in (
        "https://host/1.jpg", "HTTPS://host:444/a/../1.jpg?token=a&b=c#d", "http://[::1]/1.jpg", "storage://bucket/a/1.jpg",
        "1.jpg", "a/b/1.jpg", "a..b.jpg", "a b/ü.jpg", "a/b:c.jpg",
    )),
    image(car_count=10000),
    image(description="", boxes=[[0, 0, 0.5, 100000]]),
    image(car_count=0, boxes=[]),
    options(confidence=0.001, min_seconds=0.1, window_seconds=0.5, windows=20, batch_size=256, seed=2**31 - 1),
    options(cpu_fallback=True),
    options(weights={"accuracy": 1, "speed": 0, "green": 0.5}, classes=["car", "bus"]),
    {"priority": -100, "max_attempts": 10},
]  # fmt: skip


@pytest.mark.parametrize(("columns", "field", "message", "hint"), REFUSALS)
def test_a_job_that_cannot_be_worked_off_is_refused(
    database: Database, columns: dict[str, Any], field: str, message: str, hint: str
) -> None:
    with database.refused() as refusal:
        database.insert_job(**columns)
    assert refusal.sqlstate == "22023"
    assert refusal.detail == f"field={field}"
    assert message in refusal.message
    assert hint in refusal.hint
    assert database.value("select count(*) from public.jobs") == 0


@pytest.mark.parametrize("columns", ACCEPTED)
def test_a_sound_job_is_taken_as_it_is(database: Database, columns: dict[str, Any]) -> None:
    job = database.job(database.insert_job(**columns))
    assert {name: job[name] for name in columns} == columns
    assert (job["status"], job["attempt"]) == ("pending", 0)


@pytest.mark.parametrize("role", ["authenticated", "service_role", None])
def test_everyone_is_checked(database: Database, role: Any) -> None:
    with database.refused() as refusal:
        database.insert_job(role, model_a="roberta_base")
    assert refusal.sqlstate == "22023"


def test_a_refusal_shows_no_address(database: Database) -> None:
    with database.refused() as refusal:
        database.insert_job(**image(image_path="ftp://host/1.jpg?token=secret"))
    assert "secret" not in refusal.message + refusal.detail + refusal.hint


@pytest.mark.parametrize("start", ["", "Trained_yolov8@"])
def test_a_refusal_repeats_only_the_start_of_what_was_sent(database: Database, start: str) -> None:
    with database.refused() as refusal:
        database.insert_job(model_a=start + "x" * 100_000)
    assert len(refusal.message) < 200


def test_one_bad_job_of_several_refuses_all(database: Database) -> None:
    with database.refused():
        database.rows(
            "insert into public.jobs (model_a, model_b, images) select 'Trained_yolov5', m, %s"
            " from unnest(array['Trained_yolov8', 'wav2vec2']) as m",
            IMAGES,
            role="anon",
        )
    assert database.value("select count(*) from public.jobs") == 0


def test_a_later_change_is_checked_too(database: Database) -> None:
    job_id = database.insert_job()
    with database.refused() as refusal:
        database.rows("update public.jobs set model_a = 'wav2vec2' where id = %s", job_id, role="service_role")
    assert refusal.sqlstate == "22023"
