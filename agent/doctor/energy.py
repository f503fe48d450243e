"""Energy and carbon: whether they are measured or estimated."""

from agent.doctor.finding import Finding, ok, warning
from agent.doctor.place import Place
from benchmark import UnknownCountry, check_country, gpu_readings, processor_counters

_UNLOCK = "`sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj`, after each start of the machine."


def look_at_energy(place: Place) -> Finding:
    """Where joules come from: the GPU's counter, the processor's, or an estimate."""
    readings = [] if place.settings.device == "cpu" else gpu_readings()
    if readings:
        without = [each.name for each in readings if each.energy_j is None]
        if not without:
            return ok("measured by the GPU's counter (nvml)")
        return warning(f"Estimated: {', '.join(without)} has no counter.", "GPUs since Volta have one.")
    found = processor_counters()
    if found == "locked":
        return warning("Estimated: the processor has counters (rapl), but this process may not read them.", _UNLOCK)
    return ok("measured by the processor's counters (rapl)" if found == "readable" else "estimated: no counter is here")


def look_at_country(place: Place) -> Finding:
    """ARENA_COUNTRY, without which carbon is not stated."""
    country = place.settings.country
    if country is None:
        return warning("ARENA_COUNTRY is not set, so carbon is not stated.", "Set it to an ISO code, as DEU or USA.")
    try:
        check_country(country)
    except UnknownCountry as error:
        return Finding("problem", str(error), "an ISO-3 code", "Set ARENA_COUNTRY to one.")
    return ok(country)
