"""When a campaign starts, as the page says it."""

from zoneinfo import available_timezones

import pytest

from sender_app.states.takeoff import place_of
from sender_app.text import LANGUAGES


@pytest.mark.parametrize(
    ("zone", "lang", "place"),
    [
        ("America/Asuncion", "es", "Asunción"),
        ("America/Asuncion", "pt", "Assunção"),
        ("America/New_York", "es", "Nueva York"),
        ("America/Argentina/Buenos_Aires", "en", "Buenos Aires"),
        ("UTC", "es", "UTC"),
    ],
)
def test_a_time_zone_goes_by_its_town(zone: str, lang: str, place: str):
    assert place_of(zone, lang) == place


def test_every_time_zone_has_a_town_in_every_language():
    places = {place_of(zone, lang) for zone in available_timezones() for lang in LANGUAGES}
    assert [place for place in places if not place or "_" in place or "/" in place] == []
