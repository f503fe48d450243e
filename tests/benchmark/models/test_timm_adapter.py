from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark import BadCatalogue, DeviceUnavailable, WeightsUnreadable
from benchmark.model import Image, Query, predict
from benchmark.models.family import Recipe
from tests.benchmark.models.timm_weights import ARCHITECTURE, PARAMETERS, make_network, make_timm_weights

torch: Any = pytest.importorskip("torch")
timm: Any = pytest.importorskip("timm")

EVERYTHING = Query(0.001, ("car",))
SHAPES = [(240, 320), (200, 500), (641, 333), (480, 480), (480, 480), (90, 70)]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    weights, parameters = make_timm_weights(tmp_path_factory.mktemp("timm"))
    return Recipe("random", weights, 320, {}, parameters=parameters)


def loaded(recipe: Recipe, device: str = "cpu", **parameters: Any) -> Any:
    from benchmark.models.timm_adapter import load

    return load(replace(recipe, parameters={**recipe.parameters, **parameters}), device)


@pytest.fixture(scope="module")
def model(recipe: Recipe) -> Any:
    return loaded(recipe)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    """Noise of different shapes; two have the same."""
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (*shape, 3), np.uint8) for shape in SHAPES]


def timm_tensor(image: Image, longer_side: int, network: Any) -> Any:
    """What timm's own transform, with its own configuration of the network, makes of an image squeezed to a size."""
    from PIL import Image as Pillow
    from timm.data.config import resolve_data_config
    from timm.data.transforms_factory import create_transform

    height, width = image.shape[:2]
    share = min(1, longer_side / max(height, width))
    config: Any = resolve_data_config({}, model=network)  # type: ignore[no-untyped-call]  # half annotated
    size = (3, round(height * share), round(width * share))
    transform = create_transform(**{**config, "input_size": size, "crop_mode": "squash", "crop_pct": 1.0})
    return transform(Pillow.fromarray(image[:, :, ::-1].copy()))


def test_an_image_is_prepared_as_timms_own_transform_does_it(model: Any, images: list[Image]) -> None:
    for image in images:
        [ours] = model.preprocess([image])
        torch.testing.assert_close(ours.values[0], timm_tensor(image, 320, make_network()), rtol=0, atol=1e-6)


def test_an_image_is_normalised_with_the_mean_and_deviation_of_imagenet(model: Any) -> None:
    """As the tutorial says: RGB, 0-1, less (0.485, 0.456, 0.406), over (0.229, 0.224, 0.225)."""
    [prepared] = model.preprocess([np.full((8, 8, 3), (10, 100, 200), np.uint8)])
    expected = (np.array([200, 100, 10]) / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert prepared.values[0, :, 3, 3].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "seen"),
    [
        ((480, 640), (240, 320)),
        ((640, 480), (320, 240)),
        ((100, 90), (100, 90)),
        ((1, 8000), (1, 320)),
        ((1, 1), (1, 1)),
    ],
)
def test_an_image_is_shrunk_to_the_input_size_and_never_enlarged(
    model: Any, shape: tuple[int, int], seen: tuple[int, int]
) -> None:
    [prepared] = model.preprocess([np.zeros((*shape, 3), np.uint8)])
    assert tuple(prepared.values.shape) == (1, 3, *seen)


@pytest.mark.parametrize(
    ("architecture", "stride"),
    [("efficientnet_b0", None), ("efficientnet_b0", 16), (ARCHITECTURE, 8), ("resnet10t", None), ("regnetx_002", None)],
)
def test_the_mean_of_the_map_is_what_the_network_says_of_the_image(architecture: str, stride: int | None) -> None:
    from benchmark.models.timm_network import build_network, class_maps
    from benchmark.models.timm_parameters import TimmParameters

    network = build_network(TimmParameters(architecture, stride, 7, (1,), 0.5, 0.05, None)).double()
    torch.nn.init.normal_(network.get_classifier().weight)
    torch.nn.init.normal_(network.get_classifier().bias)
    image = torch.randn(2, 3, 150, 211, dtype=torch.float64)
    with torch.inference_mode():
        maps, logits = class_maps(network, image), network(image)
    assert maps.shape[2:].numel() > 1
    assert maps.std(dim=(2, 3)).min() > 0
    torch.testing.assert_close(maps.mean(dim=(2, 3)), logits, rtol=1e-9, atol=1e-9)


def test_the_score_of_a_peak_is_the_probability_of_all_car_classes_at_its_position(
    recipe: Recipe, images: list[Image]
) -> None:
    model = loaded(recipe, car_classes=["auto", 2])
    [detections] = predict(model, images[:1], EVERYTHING)
    with torch.inference_mode():
        tensor = timm_tensor(images[0], 320, make_network())
        features = make_network().forward_features(tensor[None])[0].permute(1, 2, 0)
        probabilities = make_network().get_classifier()(features).softmax(dim=-1)
    assert len(detections) > 3
    height, width = images[0].shape[:2]
    for each in detections:
        x, y = each.box[:2]
        column, row = int(x / width * features.shape[1]), int(y / height * features.shape[0])
        assert each.score == pytest.approx(float(probabilities[row, column, 1:].sum()), abs=1e-5)


def test_a_point_is_a_box_without_area_in_the_middle_of_its_position(recipe: Recipe) -> None:
    """The map is spread over the image: a network that sees a bright square puts its peak there."""
    image = np.random.default_rng(1).integers(0, 256, (640, 640, 3), np.uint8)
    model = loaded(recipe)
    [detections] = predict(model, [image], EVERYTHING)
    steps = {((each.box[0] / 64) % 1, (each.box[1] / 64) % 1) for each in detections}
    assert steps == {(0.5, 0.5)}  # 640 pixels shrunk to 320 are 10 positions of 64 pixels
    assert all(each.box[:2] == each.box[2:] for each in detections)


def test_a_brighter_place_in_the_image_is_where_the_point_lies(recipe: Recipe, tmp_path: Path) -> None:
    """A network is made that takes one colour for a car; the image shows it in two places."""
    image = np.full((256, 512, 3), 90, np.uint8)
    for x, y in ((100, 60), (400, 200)):
        image[y - 20 : y + 20, x - 20 : x + 20] = np.random.default_rng(x).integers(0, 256, (40, 40, 3))
    weights = tmp_path / "taught.safetensors"
    teach(image, [(100, 60), (400, 200)], weights)
    [detections] = predict(loaded(replace(recipe, weights=weights, input_size=512)), [image], Query(0.5, ("car",)))
    assert len(detections) == 2
    for (x, y), each in zip([(100, 60), (400, 200)], sorted(detections, key=lambda each: each.box), strict=True):
        assert each.box[:2] == pytest.approx((x, y), abs=33)


def teach(image: Image, places: list[tuple[int, int]], weights: Path) -> None:
    """Fit the linear layer alone to say `auto` at the positions of these places and `street` elsewhere."""
    from safetensors.torch import save_file

    network = make_network()
    with torch.inference_mode():
        features = network.forward_features(timm_tensor(image, 512, network)[None])[0]
    features = features.permute(1, 2, 0).clone()
    target = torch.full((*features.shape[:2], 3), -5.0)
    target[..., 0] = 0
    for x, y in places:
        target[y // 32, x // 32, 0], target[y // 32, x // 32, 1] = -5, 5
    design = torch.cat([features.flatten(0, 1), torch.ones(features.shape[0] * features.shape[1], 1)], dim=1)
    solution = torch.linalg.pinv(design) @ target.flatten(0, 1)
    with torch.no_grad():
        network.get_classifier().weight.copy_(solution[:-1].T)
        network.get_classifier().bias.copy_(solution[-1])
    save_file(network.state_dict(), weights)


def test_an_image_that_shows_no_car_has_no_peaks(recipe: Recipe, images: list[Image]) -> None:
    presence = {}
    for place, image in enumerate(images):
        model = loaded(recipe)
        [(_, car_map)] = model.car_maps(model.infer(model.preprocess([image])))
        presence[place] = car_map.presence
    middle = sorted(presence.values())[len(images) // 2]
    gated = predict(loaded(recipe, presence_threshold=middle), images, EVERYTHING)
    free = predict(loaded(recipe), images, EVERYTHING)
    assert {place for place, each in enumerate(gated) if each} == {
        p for p, value in presence.items() if value >= middle
    }
    assert all(each in ([], other) for each, other in zip(gated, free, strict=True))


def test_presence_is_the_networks_own_probability_of_the_whole_image(model: Any, images: list[Image]) -> None:
    [(_, car_map)] = model.car_maps(model.infer(model.preprocess(images[:1])))
    with torch.inference_mode():
        logits = make_network()(timm_tensor(images[0], 320, make_network())[None])[0]
    assert car_map.presence == pytest.approx(float(logits.softmax(0)[1]), abs=1e-5)


def test_a_batch_of_any_shapes_is_the_images_one_by_one(model: Any, images: list[Image]) -> None:
    together = predict(model, images, EVERYTHING)
    for detections, image in zip(together, images, strict=True):
        [alone] = predict(model, [image], EVERYTHING)
        assert [each.box for each in detections] == [each.box for each in alone]
        assert [each.score for each in detections] == pytest.approx([each.score for each in alone], abs=1e-4)


def test_its_own_threshold_is_said_and_not_applied_to_what_is_asked_for(recipe: Recipe, images: list[Image]) -> None:
    model = loaded(recipe, peak_threshold=0.9)
    [detections] = predict(model, images[3:4], EVERYTHING)
    assert model.info.confidence == 0.9
    assert min(each.score for each in detections) < 0.9


def test_it_says_what_it_is(recipe: Recipe) -> None:
    info = loaded(recipe, calibrated_on="scenes, 60 images").info
    assert info.parameters == sum(each.numel() for each in make_network().parameters())
    assert (info.class_names, info.count_basis, info.confidence) == (("car",), "peaks", 0.5)
    assert (info.calibrated_on, info.input_size, info.nms_iou) == ("scenes, 60 images", 320, None)
    assert (info.runtime, info.runtime_version) == ("torch", torch.__version__)


def test_a_finer_map_is_made_of_the_same_weights(recipe: Recipe, images: list[Image]) -> None:
    coarse, fine = loaded(recipe), loaded(recipe, output_stride=8)
    shapes = [tuple(each.infer(each.preprocess(images[:1]))[0].values.shape) for each in (coarse, fine)]
    assert shapes == [(1, 3, 8, 10), (1, 3, 30, 40)]


@pytest.mark.parametrize("ending", ["pth", "pt"])
@pytest.mark.parametrize("wrapped", [lambda state: state, lambda state: {"state_dict": state, "epoch": 3}])
def test_a_state_dict_of_torch_gives_what_safetensors_give(
    recipe: Recipe, images: list[Image], tmp_path: Path, ending: str, wrapped: Callable[[Any], Any]
) -> None:
    torch.save(wrapped(make_network().state_dict()), tmp_path / f"random.{ending}")
    other = loaded(replace(recipe, weights=tmp_path / f"random.{ending}"))
    assert predict(other, images, EVERYTHING) == predict(loaded(recipe), images, EVERYTHING)


def test_half_precision_weights_are_computed_with_in_full(recipe: Recipe, images: list[Image], tmp_path: Path) -> None:
    torch.save({name: value.half() for name, value in make_network().state_dict().items()}, tmp_path / "half.pth")
    model = loaded(replace(recipe, weights=tmp_path / "half.pth"))
    assert model.preprocess(images[:1])[0].values.dtype == torch.float32
    assert {each.dtype for each in model._network.parameters()} == {torch.float32}
    assert predict(model, images[:1], EVERYTHING)[0]


def test_imagenets_ten_classes_of_cars_are_counted_unless_others_are_named(tmp_path: Path) -> None:
    """Without `class_names` the 1,000 of ImageNet are meant."""
    from safetensors.torch import save_file

    save_file(make_network(classes=1000).state_dict(), tmp_path / "imagenet.safetensors")
    recipe = Recipe("imagenet", tmp_path / "imagenet.safetensors", 320, {}, parameters={"architecture": ARCHITECTURE})
    model = loaded(recipe)
    cars = (436, 468, 511, 609, 627, 656, 661, 717, 751, 817)
    assert tuple(model._cars.tolist()) == cars
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    [(_, car_map)] = model.car_maps(outputs := model.infer(model.preprocess([image])))
    probabilities = outputs[0].values[0].softmax(dim=0).numpy()
    np.testing.assert_allclose(car_map.evidence, sum(probabilities[each] for each in cars), rtol=1e-5)
    assert loaded(recipe, car_classes=[751])._cars.tolist() == [751]


def test_imagenets_ten_classes_are_cars_by_timms_own_names() -> None:
    from timm.data.imagenet_info import ImageNetInfo

    from benchmark.models.timm_parameters import IMAGENET_CARS

    names: Any = ImageNetInfo()
    told = [names.index_to_description(each) for each in IMAGENET_CARS]
    wanted = "beach wagon, cab, convertible, jeep, limousine, minivan, Model T, pickup, racer, sports car"
    assert [each.split(",")[0].split(";")[0] for each in told] == wanted.split(", ")
    assert "passenger car" in names.index_to_description(705)


def test_a_class_that_the_entry_calls_a_car_is_counted(recipe: Recipe, images: list[Image]) -> None:
    named = {key: value for key, value in PARAMETERS.items() if key != "car_classes"}
    from benchmark.models.timm_adapter import load

    renamed = load(replace(recipe, classes={"auto": "car"}, parameters=named), "cpu")
    assert predict(renamed, images, EVERYTHING) == predict(loaded(recipe), images, EVERYTHING)
    with pytest.raises(BadCatalogue, match=r"none of its classes \(street, auto, tree\) is 'car'"):
        load(replace(recipe, parameters=named), "cpu")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"peak_treshold": 0.5}, r"models\.random\.parameters\.peak_treshold"),
        ({"peak_threshold": 1.5}, r"peak_threshold: Input should be less than 1"),
        ({"presence_threshold": "high"}, r"presence_threshold: Input should be a valid number"),
        ({"car_classes": ["lorry"]}, "car_classes names what is not a class: lorry"),
        ({"car_classes": [3]}, "car_classes names what is not a class: 3"),
        ({"car_classes": []}, "car_classes"),
        ({"class_names": None, "car_classes": ["auto"]}, "are given as numbers"),
        ({"architecture": "efficientnet_b99"}, "timm .* has no architecture 'efficientnet_b99'"),
        ({"architecture": "hf-hub:someone/something"}, "has no architecture 'hf-hub"),
        ({"output_stride": 7}, "output_stride: Input should be 8, 16 or 32"),
    ],
)
def test_wrong_parameters_are_refused(recipe: Recipe, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(BadCatalogue, match=message):
        loaded(recipe, **parameters)


@pytest.mark.parametrize("architecture", ["vit_tiny_patch16_224", "test_convnext", "mobilenetv3_small_050", "vgg11"])
def test_an_architecture_whose_map_is_not_exact_is_refused(recipe: Recipe, architecture: str) -> None:
    with pytest.raises(BadCatalogue, match=f"{architecture} cannot count: its class activation map is not exact"):
        loaded(recipe, architecture=architecture)


def test_weights_of_another_number_of_classes_are_refused(recipe: Recipe) -> None:
    with pytest.raises(WeightsUnreadable, match="tells 3 classes apart, but the catalogue gives 2: list those"):
        loaded(recipe, class_names=["street", "auto"])


def test_weights_of_another_architecture_are_refused_by_name(recipe: Recipe) -> None:
    with pytest.raises(WeightsUnreadable, match=r"does not hold weights of resnet10t \(missing: .* more; unexpected: "):
        loaded(recipe, architecture="resnet10t")


def test_weights_of_a_wider_network_are_refused(recipe: Recipe, tmp_path: Path) -> None:
    state = make_network().state_dict()
    state["conv_stem.weight"] = torch.zeros(99, 3, 5, 5)
    torch.save(state, tmp_path / "wide.pth")
    with pytest.raises(WeightsUnreadable, match=r"of other shapes: conv_stem\.weight"):
        loaded(replace(recipe, weights=tmp_path / "wide.pth"))


@pytest.mark.parametrize("ending", ["safetensors", "pth"])
@pytest.mark.parametrize("content", [b"", b"not a model" * 100])
def test_a_file_that_holds_no_weights_is_refused(recipe: Recipe, tmp_path: Path, ending: str, content: bytes) -> None:
    junk = tmp_path / f"junk.{ending}"
    junk.write_bytes(content)
    with pytest.raises(WeightsUnreadable, match=rf"junk\.{ending} \(random\) cannot be opened"):
        loaded(replace(recipe, weights=junk))


def test_a_pickle_with_code_in_it_is_not_run(recipe: Recipe, tmp_path: Path) -> None:
    torch.save({"state_dict": Bomb(tmp_path / "exploded")}, tmp_path / "bomb.pth")
    with pytest.raises(WeightsUnreadable):
        loaded(replace(recipe, weights=tmp_path / "bomb.pth"))
    assert not (tmp_path / "exploded").exists()


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("device", ["cuda:7", "toaster"])
def test_a_device_that_is_not_there_is_refused(recipe: Recipe, device: str) -> None:
    with pytest.raises(DeviceUnavailable, match=device):
        loaded(recipe, device)
