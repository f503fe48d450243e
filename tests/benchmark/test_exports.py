import subprocess
import sys

import benchmark

EXPORTS = """
Arena BadCatalogue BadImage BadLabel BenchmarkError BenchmarkSettings Box BoxOutsideImage Calibration Cancelled
CannotDetectCars Catalogue CheckedWeights ClassMissing Comparison Detection DeviceReport DeviceUnavailable Entries
ExportFailed FamilyMissing GpuFault GpuOutOfMemory GpuReading HostDied HostError HostTimeout ImageResult InputError
InvalidOptions LabelledImage LeftOut LibraryMissing ModelEntry ModelFailed ModelState Options OutOfMemory PhaseTimeout
Progress Rating RuntimeUnavailable SetupError Tally Thresholds Thumbnail TooFewImages TooFewImagesNow TorchGpu
UnknownCountry UnknownModel UnknownRuntime Verdict Weights WeightsFile WeightsMismatch WeightsMissing WeightsNotFetched
WeightsUnreadable calibrate check_country compare describe_machine git_revision gpu_names gpu_readings gpu_states
load_catalogue look_at_device model_state processor_counters rate resolve_weights thumbnail weights_place
"""


def test_the_exports_are_exactly_these_and_sorted() -> None:
    assert benchmark.__all__ == EXPORTS.split()
    assert sorted(benchmark.__all__) == benchmark.__all__
    assert all(hasattr(benchmark, name) for name in benchmark.__all__)


def test_importing_it_loads_no_model_library() -> None:
    code = "import sys, benchmark; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    heavy = {"torch", "ultralytics", "timm", "cv2", "codecarbon", "faster_coco_eval", "pynvml", "supabase", "agent"}
    assert not heavy & set(modules)


def test_every_error_has_a_code_of_its_own_and_a_message() -> None:
    errors = [
        each
        for each in vars(benchmark).values()
        if isinstance(each, type) and issubclass(each, benchmark.BenchmarkError)
    ]
    assert len({each.code for each in errors}) == len(errors) > 20
    assert all(str(each()) == (each.__doc__ or "").strip() != "" for each in errors)
