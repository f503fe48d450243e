import pytest
from codecarbon.core.emissions import Emissions
from codecarbon.core.units import Energy
from codecarbon.external.geography import GeoMetadata
from codecarbon.input import DataSource

from benchmark import UnknownCountry
from benchmark.measure.countries import check_country, kg_per_joule, known_countries


@pytest.mark.parametrize("country", ["DEU", "USA", "FRA", "NOR", "POL", "IND", "BRA"])
def test_carbon_is_what_codecarbon_reckons(country: str) -> None:
    geo = GeoMetadata(country_iso_code=country)
    source = DataSource()  # type: ignore[no-untyped-call]
    kg = Emissions(source).get_country_emissions(Energy.from_energy(kWh=1.0), geo)
    assert kg_per_joule(country) * 3.6e6 == pytest.approx(kg)


def test_every_known_country_has_its_carbon() -> None:
    assert len(known_countries()) > 150
    assert all(0 <= kg_per_joule(country) * 3.6e6 < 2 for country in known_countries())


def test_a_country_that_is_not_known_is_refused_with_what_may_be_meant() -> None:
    with pytest.raises(UnknownCountry, match="DEU"):
        kg_per_joule("DEX")
    with pytest.raises(UnknownCountry):
        check_country("deu")
    check_country(None)
