import pytest

from agent.devices import devices
from agent.errors import SettingsError
from benchmark import DeviceReport, TorchGpu


def look_at(count: int) -> DeviceReport:
    return DeviceReport("cuda", gpus=tuple(TorchGpu(i, "NVIDIA L4", 23034, "8.9") for i in range(count)))


@pytest.mark.parametrize(
    ("wanted", "gpus", "chosen"),
    [
        (None, 2, ["auto"]),
        ("all", 3, ["cuda:0", "cuda:1", "cuda:2"]),
        ("ALL", 1, ["cuda:0"]),
        ("all", 0, ["cuda"]),
        ("1", 2, ["cuda:1"]),
        ("0, cuda:2", 4, ["cuda:0", "cuda:2"]),
    ],
)
def test_a_worker_for_each(wanted: str | None, gpus: int, chosen: list[str]) -> None:
    assert devices(wanted, "auto", lambda device: look_at(gpus), list) == chosen


def test_those_that_are_named_need_no_look() -> None:
    def look(device: str) -> DeviceReport:
        raise AssertionError(device)

    assert devices("0,1", "auto", look, list) == ["cuda:0", "cuda:1"]


@pytest.mark.parametrize("wanted", ["", "cpu", "0,,1", "0;1", "-1", "cuda", "all,0"])
def test_what_is_no_list_of_gpus_is_refused(wanted: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read: .* Give all, or numbers"):
        devices(wanted, "auto", lambda device: look_at(2), list)


def test_a_gpu_is_named_once() -> None:
    with pytest.raises(SettingsError, match="names a GPU twice"):
        devices("0,cuda:0", "auto", lambda device: look_at(2), list)


def test_where_torch_sees_none_there_is_a_worker_for_each_that_the_driver_lists() -> None:
    """As when torch's first load from a slow disk took too long: all but one would stay unused for ever."""
    assert devices("all", "auto", lambda device: look_at(0), lambda: ["NVIDIA L4"] * 2) == ["cuda:0", "cuda:1"]
