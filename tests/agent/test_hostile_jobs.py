"""Jobs that no database can hold, over HTTP."""

import httpx
import pytest

from local import LocalStack

HOSTILE = {
    "a number without end": '{"image_path": "https://h/1.jpg", "car_count": 1e400}',
    "a long number": '{"image_path": "https://h/1.jpg", "car_count": 1e131071}',
    "a zero byte": r'{"image_path": "https://h/1.jpg", "car_count": 0, "description": "\u0000"}',
    "a pit": '{"image_path": "https://h/1.jpg", "car_count": ' + "[" * 1_000 + "]" * 1_000 + "}",
    "no JSON": "{",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_no_job_can_hold_is_the_senders_fault(stack: LocalStack, name: str) -> None:
    body = '{"model_a": "Trained_yolov5", "model_b": "Trained_yolov8", "images": [' + HOSTILE[name] + "]}"
    headers = {"apikey": stack.publishable_key, "Content-Type": "application/json"}
    answer = httpx.post(f"{stack.url}/rest/v1/jobs", content=body, headers=headers, trust_env=False, timeout=30)
    assert 400 <= answer.status_code < 500, answer.text
