"""Which device a torch model runs on."""

import torch

from benchmark.errors import DeviceUnavailable


def torch_device(device: str) -> torch.device:
    """`auto` is the first GPU, or the CPU where there is none.

    Raises DeviceUnavailable.
    """
    if device == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError as error:
        raise DeviceUnavailable(f"{device!r} is not a device; use auto, cpu or cuda:0.") from error
    if device == "cpu":
        return chosen
    if chosen.type != "cuda":
        raise DeviceUnavailable(f"{device!r} is not a device of ours; use auto, cpu or cuda:0.")
    index = chosen.index or 0
    if index >= torch.cuda.device_count():
        raise DeviceUnavailable(f"{device} is not here: torch sees {torch.cuda.device_count()} GPUs. Use auto or cpu.")
    return torch.device("cuda", index)
