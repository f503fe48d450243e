"""Networks of the timm package, and their weights."""

from typing import Any

import timm
import torch
from timm.models import load_state_dict
from torch.nn import functional

from benchmark.errors import BadCatalogue, WeightsUnreadable
from benchmark.models.family import Recipe
from benchmark.models.timm_parameters import TimmParameters

#: Of a small image that shows whether the map is exact: height and width in pixels.
_PROBE = (64, 96)
_SHOWN = 3  # names in a message


def class_maps(network: Any, images: torch.Tensor) -> torch.Tensor:
    """The exact class activation map: (images, classes, rows, columns), whose mean over positions is the logit.

    `images` are (images, 3, height, width), normalised.
    """
    linear = network.get_classifier()
    return functional.conv2d(network.forward_features(images), linear.weight[:, :, None, None], linear.bias)


def build_network(parameters: TimmParameters) -> Any:
    """With random weights, ready to predict.

    Raises BadCatalogue where timm has no such architecture, or its class activation map is not exact.
    """
    name = parameters.architecture
    if not timm.is_model(name.split(".")[0]):  # timm would take a name with a colon for an address
        raise BadCatalogue(f"timm {timm.__version__} has no architecture {name!r}.")
    stride: dict[str, Any] = {} if parameters.output_stride is None else {"output_stride": parameters.output_stride}
    try:
        network = timm.create_model(name, pretrained=False, num_classes=parameters.classes, **stride).eval()
    except Exception as error:
        given = f" with output_stride {parameters.output_stride}" if stride else ""
        raise BadCatalogue(f"timm cannot build {name!r}{given}: {_reason(error)}.") from error
    _check_exact(network, name)
    return network


def _check_exact(network: Any, name: str) -> None:
    """Asks the network itself rather than how it is built, of which timm has many ways."""
    image = torch.rand(1, 3, *_PROBE)
    try:
        with torch.inference_mode():
            whole, maps = network(image), class_maps(network, image)
        exact = torch.allclose(maps.mean(dim=(2, 3)), whole, rtol=1e-3, atol=1e-4 * float(whole.abs().max()))
    except Exception as error:
        raise _inexact(name) from error
    if not exact:
        raise _inexact(name)


def _inexact(name: str) -> BadCatalogue:
    return BadCatalogue(
        f"{name} cannot count: its class activation map is not exact, for it does not end with global average "
        "pooling and one linear layer. EfficientNet, ResNet, RegNet and DenseNet do."
    )


def load_weights(network: Any, recipe: Recipe, parameters: TimmParameters) -> None:
    """Fill a network with the weights of a file, `.safetensors` or a state dict of torch.

    Raises WeightsUnreadable, which says what does not fit.
    """
    try:
        # `weights_only`: no code of a pickle is run.
        state = load_state_dict(str(recipe.weights), weights_only=True)
        shapes = {name: tuple(value.shape) for name, value in state.items()}
    except Exception as error:
        raise _unreadable(recipe, f"cannot be opened as weights ({type(error).__name__}: {_reason(error)})") from error
    if misfit := _misfit(network, shapes, parameters):
        raise _unreadable(recipe, misfit)
    network.load_state_dict(state)


def _misfit(network: Any, given: dict[str, Any], parameters: TimmParameters) -> str | None:
    """What is wrong with weights of these shapes, or None."""
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    reshaped = [name for name in wanted if name in given and wanted[name] != given[name]]
    lists = {
        "missing": [name for name in wanted if name not in given],
        "unexpected": [name for name in given if name not in wanted],
        "of other shapes": reshaped,
    }
    head = network.pretrained_cfg["classifier"]
    if reshaped and not lists["missing"] and all(name.startswith(f"{head}.") for name in reshaped):
        return (
            f"tells {given[reshaped[0]][0]} classes apart, but the catalogue gives {parameters.classes}: "
            "list those of the weights, in their order, in parameters.class_names"
        )
    what = "; ".join(f"{kind}: {_some(names)}" for kind, names in lists.items() if names)
    return f"does not hold weights of {parameters.architecture} ({what})" if what else None


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _unreadable(recipe: Recipe, what: str) -> WeightsUnreadable:
    return WeightsUnreadable(f"{recipe.weights.name} ({recipe.model_id}) {what}.")


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0][:120].rstrip(".")
