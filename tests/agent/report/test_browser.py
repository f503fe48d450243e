"""The page in a real browser."""

import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from agent.report import report_html
from benchmark import LabelledImage
from tests.agent.report.rows import labelled_images, result_row
from tests.agent.report.test_page import with_texts_replaced

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

MARK = "document.documentElement.id='pwned'"
HOSTILE = (
    f'</script></style></title></textarea>--><script>{MARK}</script><img src=x onerror="{MARK}">'
    f"<svg onload=\"{MARK}\">' onmouseover='{MARK}' autofocus onfocus='{MARK}"
)
#: Of the outlines on photographs, as BGR.
A_COLOUR, B_COLOUR, PAPER = (0xFF, 0xA8, 0x2F), (0x1F, 0x9A, 0xFF), (0xF3, 0xF8, 0xFA)


def browser(file: Path, *arguments: str) -> str:
    """Chromium's standard output for that file."""
    assert CHROMIUM
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,6000",
        "--blink-settings=preferredColorScheme=1", f"--user-data-dir={file.parent / 'profile'}", *arguments,
        file.as_uri(),
    ]  # fmt: skip
    environment = {"PATH": os.environ["PATH"], "HOME": str(file.parent)}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=environment).stdout


def screenshot(html: str, folder: Path) -> npt.NDArray[np.uint8]:
    file, picture = folder / "report.html", folder / "report.png"
    file.write_text(html, "utf-8")
    browser(file, f"--screenshot={picture}")
    return np.asarray(cv2.imread(str(picture)), np.uint8)


def has(picture: npt.NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    """Whether a good many pixels are of about that colour."""
    return int((np.abs(picture.astype(int) - colour).max(axis=2) < 12).sum()) > 300


def hostile_page(folder: Path) -> str:
    images = [
        LabelledImage(each.path, HOSTILE, each.car_count, each.boxes, HOSTILE) for each in labelled_images(folder)
    ]
    return report_html(with_texts_replaced(result_row(), HOSTILE), images)


@pytest.mark.parametrize("policy", [True, False], ids=["with its policy", "by escaping alone"])
def test_no_script_of_a_stranger_runs_and_its_text_is_shown_as_it_stands(tmp_path: Path, policy: bool) -> None:
    html = hostile_page(tmp_path)
    if not policy:
        html, removed = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
        assert removed == 1
    file = tmp_path / "report.html"
    file.write_text(html, "utf-8")
    dom = browser(file, "--dump-dom")
    assert '<html lang="en">' in dom
    assert "<script" not in dom
    assert f"&lt;script&gt;{MARK}&lt;/script&gt;" in dom


def test_the_browser_would_run_a_script_that_got_in(tmp_path: Path) -> None:
    """So that the test above can fail."""
    file = tmp_path / "report.html"
    file.write_text(f'<!doctype html><html><body><img src=x onerror="{MARK}"></body></html>', "utf-8")
    assert '<html id="pwned">' in browser(file, "--dump-dom")


def test_style_and_photographs_pass_the_policy_and_boxes_can_be_switched_off(tmp_path: Path) -> None:
    html = report_html(result_row(), labelled_images(tmp_path))
    picture = screenshot(html, tmp_path)
    assert tuple(picture[5, 5]) == PAPER
    assert has(picture, (96, 96, 96))  # the photographs' grey
    assert has(picture, A_COLOUR)
    assert has(picture, B_COLOUR)
    without = html.replace('id="show-a" checked', 'id="show-a"')
    assert without != html
    picture = screenshot(without, tmp_path)
    assert not has(picture, A_COLOUR)
    assert has(picture, B_COLOUR)


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_no_name_however_long_makes_the_page_wider_than_the_screen(tmp_path: Path, width: int) -> None:
    """A page around it measures how wide it came out."""
    report = report_html(with_texts_replaced(result_row(), "x" * 600), labelled_images(tmp_path))
    file = tmp_path / "around.html"
    file.write_text(
        f'<!doctype html><iframe width="{width}" height="900" srcdoc="{escape(report)}"></iframe>'
        "<script>onload = () => document.documentElement.dataset.width = "
        "document.querySelector('iframe').contentDocument.documentElement.scrollWidth</script>",
        "utf-8",
    )
    assert f'data-width="{width}"' in browser(file, "--dump-dom")[:200]
