"""Bringing the weights of models to this machine: where they go, who waits, and what is said."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from tenacity import wait_none

from agent.download import Download
from agent.errors import WeightsNotSaved, WeightsRefused
from agent.weights import Arrival, WeightsSource
from benchmark import Cancelled, Catalogue, UnknownModel, WeightsMismatch, WeightsMissing, load_catalogue
from tests.agent.web import Request, Web
from tests.agent.weights_web import FileServer
from tests.benchmark.fake_catalogue import ENTRY

ROOT = Path(__file__).parents[2]

FAMILIES = """
[families.here]
module = "tests.benchmark.fake_adapter"
[families.absent]
module = "tests.benchmark.fake_adapter"
requires = ["no_such_library"]
"""

FETCH = """
import sys
from pathlib import Path
from agent.weights import WeightsSource
from benchmark import load_catalogue
catalogue = load_catalogue(Path(sys.argv[1]))
said = []
def go_on():
    if not said:
        said.append(print("waiting", flush=True))
    return False
found = WeightsSource(catalogue, None, Path(sys.argv[2])).fetch(catalogue["mine"], should_stop=go_on)
print(found.sha256)
"""

Source = Callable[..., WeightsSource]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Download._insist.retry, "wait", wait_none())


@pytest.fixture
def server(web: Web) -> FileServer:
    return FileServer(web)


@pytest.fixture
def catalogue(tmp_path: Path, server: FileServer) -> Catalogue:
    """`mine` and `twin` can be downloaded from one file, `own` is here, `lost` is nowhere, `alien` has no library."""
    known = f'sha256 = "{server.sha256}"\nurl = "{server.url}"\n'
    text = FAMILIES
    for model_id, family, file, source in (
        ("mine", "here", "w.pt", known),
        ("twin", "here", "w.pt", known),
        ("own", "here", "own.pt", f'sha256 = "{server.sha256}"\n'),
        ("lost", "here", "lost.pt", f'sha256 = "{server.sha256}"\n'),
        ("alien", "absent", "alien.pt", known),
    ):
        text += ENTRY.format(id=model_id, family=family, file=file) + source
    (tmp_path / "own.pt").write_bytes(server.content)
    (tmp_path / "catalogue.toml").write_text(text)
    return load_catalogue(tmp_path / "catalogue.toml")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def source(catalogue: Catalogue, cache: Path) -> Source:
    def make(**given: Any) -> WeightsSource:
        return WeightsSource(catalogue, **{"weights_dir": None, "cache_dir": cache, **given})

    return make


def shown(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if not each.name.endswith(".lock"))


def test_what_is_missing_comes_to_the_cache(
    source: Source, catalogue: Catalogue, cache: Path, server: FileServer
) -> None:
    arrivals: list[Arrival] = []
    found = source().fetch(catalogue["mine"], arrivals.append)
    assert (found.path, found.sha256) == (cache / "weights" / "w.pt", server.sha256)
    assert shown(cache / "weights") == ["w.pt"]
    assert (arrivals[0].here, arrivals[0].total) == (0, None)
    assert arrivals[-1] == Arrival("mine", "w.pt", len(server.content), len(server.content))


def test_the_volume_is_looked_in_and_nothing_is_written_there(
    source: Source, catalogue: Catalogue, tmp_path: Path, server: FileServer
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    source(weights_dir=volume).fetch(catalogue["mine"])
    assert shown(volume) == []
    (volume / "w.pt").write_bytes(server.content)
    assert source(weights_dir=volume).fetch(catalogue["mine"]).path == volume / "w.pt"
    assert len(server.ranges) == 1


def test_models_that_can_run_once_their_weights_have_come_are_offered(source: Source) -> None:
    assert source().runnable() == ["mine", "twin", "own"]
    assert source(download=False).runnable() == ["own"]


def test_every_runtime_that_works_here_is_offered(tmp_path: Path) -> None:
    offered = WeightsSource(load_catalogue(), None, tmp_path, device="cpu").runnable()
    assert {"Trained_yolov8", "Trained_yolov8@onnx", "Trained_yolov8@openvino"} <= set(offered)
    assert not {"Trained_yolov8@torch-fp16", "Trained_yolov8@tensorrt", "roberta_base"} & set(offered)


def test_both_models_of_a_battle_are_brought_and_one_file_once(source: Source, server: FileServer) -> None:
    source().bring(["mine", "own", "twin", "mine"])
    assert len(server.ranges) == 1


@pytest.mark.parametrize("other", ["lost", "alien"])
def test_nothing_is_downloaded_for_a_battle_that_cannot_be_fought(
    source: Source, server: FileServer, other: str
) -> None:
    source().bring(["mine", other])
    assert server.ranges == []


def test_nothing_is_downloaded_where_downloads_are_not_allowed(source: Source, server: FileServer) -> None:
    source(download=False).bring(["mine", "twin"])
    assert server.ranges == []


def test_an_unknown_model_is_said(source: Source) -> None:
    with pytest.raises(UnknownModel, match="'nothing'"):
        source().bring(["mine", "nothing"])


def test_weights_that_nobody_publishes_cannot_be_fetched(source: Source, catalogue: Catalogue) -> None:
    with pytest.raises(WeightsMissing, match=r"put lost\.pt into the weights folder"):
        source().fetch(catalogue["lost"])


def test_a_wrong_file_in_the_cache_is_said_and_left(
    source: Source, catalogue: Catalogue, cache: Path, server: FileServer
) -> None:
    (cache / "weights").mkdir(parents=True)
    (cache / "weights" / "w.pt").write_bytes(b"mine, do not touch")
    with pytest.raises(WeightsMismatch, match="Replace the file"):
        source().fetch(catalogue["mine"])
    assert (cache / "weights" / "w.pt").read_bytes() == b"mine, do not touch"
    assert server.ranges == []


def test_a_refusal_leaves_nothing_behind(source: Source, catalogue: Catalogue, cache: Path, server: FileServer) -> None:
    server.web.answers["/w.pt"] = lambda request: request.send(404)
    with pytest.raises(WeightsRefused):
        source().fetch(catalogue["mine"])
    assert shown(cache / "weights") == []


def test_a_cache_that_cannot_be_written_is_said(source: Source, catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(
        WeightsNotSaved, match=r"w\.pt could not be saved: not a directory\..*ARENA_CACHE_DIR"
    ) as raised:
        source(cache_dir=tmp_path / "file").fetch(catalogue["mine"])
    assert raised.value.__notes__ == [f"It was to be {tmp_path}/file/weights/w.pt."]


def test_two_agents_that_share_a_cache_download_a_file_once(
    catalogue: Catalogue, cache: Path, server: FileServer, tmp_path: Path
) -> None:
    """The first one is in the middle of it when the second one comes, and dies; the second one goes on."""
    first_is_at_it = threading.Event()

    def stall(request: Request) -> None:
        request.send_response(200)
        request.send_header("ETag", '"one"')
        request.send_header("Content-Length", str(len(server.content)))
        request.end_headers()
        request.wfile.write(server.content[: len(server.content) // 2])
        first_is_at_it.set()
        request.wait_for(server.web.closing)

    server.web.answers["/w.pt"] = stall
    with killed(in_a_process(tmp_path, cache)) as first:
        assert first_is_at_it.wait(60)
        with killed(in_a_process(tmp_path, cache)) as second:
            assert second.stdout
            assert second.stdout.readline() == "waiting\n"
            assert server.web.asked["/w.pt"] == 1
            server.web.answers["/w.pt"] = server.answer
            first.kill()
            assert second.stdout.read() == f"{server.sha256}\n"
    server.web.closing.set()
    assert len(server.ranges) == 1
    assert server.ranges[0] is not None  # the second one went on where the first one was


def test_the_second_agent_finds_what_the_first_one_brought(
    catalogue: Catalogue, cache: Path, server: FileServer, tmp_path: Path
) -> None:
    agents = [in_a_process(tmp_path, cache) for _ in range(4)]
    said = [agent.communicate(timeout=60)[0] for agent in agents]
    assert {each.split()[-1] for each in said} == {server.sha256}
    assert server.ranges == [None]
    assert shown(cache / "weights") == ["w.pt"]


@contextmanager
def killed(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is dead at the end."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def in_a_process(folder: Path, cache: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCH, str(folder / "catalogue.toml"), str(cache)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_waiting_for_another_agent_can_be_broken_off(source: Source, catalogue: Catalogue, cache: Path) -> None:
    (cache / "weights").mkdir(parents=True)
    with FileLock(cache / "weights" / ".w.pt.lock"), pytest.raises(Cancelled):
        source().fetch(catalogue["mine"], should_stop=lambda: True)


def test_a_jobs_progress_counts_megabytes() -> None:
    assert Arrival("mine", "w.pt", 3_400_000, 21_500_000).to_json() == {
        "phase": "weights",
        "fraction": 0.0,
        "model_id": "mine",
        "done": 3,
        "total": 22,
    }
