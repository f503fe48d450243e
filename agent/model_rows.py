"""The catalogue as rows of the table ``models``."""

from pathlib import Path

from benchmark import Catalogue, ModelEntry, load_catalogue
from sql.seed import ModelRow


def model_rows(catalogue: Catalogue) -> list[ModelRow]:
    """A row for each model in each of its runtimes, or one for a model that nothing can run."""
    return [_row(each) for entry in catalogue for each in entry.variants or [entry]]


def offered_models(own: Path | None) -> Catalogue:
    """The built-in models and those of a catalogue of one's own, which goes first where an id is in both."""
    built_in = load_catalogue()
    return Catalogue({**built_in.models, **load_catalogue(own).models}) if own else built_in


def _row(entry: ModelEntry) -> ModelRow:
    is_variant = entry.id != entry.base_id
    weights = entry.weights
    return ModelRow(
        id=entry.id,
        base_id=entry.base_id if is_variant else None,
        name=f"{entry.name} ({entry.runtime})" if is_variant else entry.name,
        family=entry.family,
        task=entry.task,
        can_detect_cars=entry.can_detect_cars,
        description=entry.description,
        weights=Path(weights.file).name if weights else None,  # folders are the agent's own affair
        licence=weights.licence if weights else None,
        input_size=entry.input_size if entry.family else None,
        classes=entry.classes,
        runtime=entry.runtime,
        default_runtime=entry.runtimes[0] if entry.runtimes else None,
        runtimes=entry.runtimes,
    )
