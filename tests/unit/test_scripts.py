"""What the server has the browser run is what the browser lets through (assets/first.js)."""

import asyncio
import base64
import json
import re
from pathlib import Path
from types import SimpleNamespace

import reflex as rx
from reflex.event import fix_events

from sender_app.domain.api_key import new_secret
from sender_app.services.undoing import Done
from sender_app.states import undoing
from sender_app.states.access import ANSWERED, REFUSED
from sender_app.states.api_keys import NEW_KEY
from sender_app.states.first_steps import _COOKIE as NAME
from sender_app.states.webhook import SHOWN_ONCE

ROOT = Path(__file__).parents[2]
SOURCES = [path.read_text() for path in (ROOT / "sender_app").rglob("*.py")]
FIRST = (ROOT / "assets" / "first.js").read_text()


def pattern(name: str) -> re.Pattern[str]:
    """A regular expression of first.js; what it uses means the same in Python."""
    found = re.search(rf"^const {name} =\s*/(.*)/s?;$", FIRST, re.MULTILINE)
    assert found, name
    return re.compile(found[1].replace(r"\/", "/"), re.DOTALL)


def payload(event: object) -> dict[str, str]:
    [fixed] = fix_events([event], "token")
    return fixed.payload


def test_every_kind_of_toast_gets_through_with_its_words():
    kinds = {kind for text in SOURCES for kind in re.findall(r"rx\.toast\.(\w+)\(", text)}
    kinds.discard("provider")
    assert len(kinds) >= 3
    words = "“Hola” \"x\" \\ 'y' \n </script> ${z} `ñ`"
    for kind in kinds:
        found = pattern("TOAST").match(payload(getattr(rx.toast, kind)(words))["function"])
        assert found is not None, kind
        assert (found[1], json.loads(f"[{found[2]}]")) == (kind, [words])


def scripts_of(path: str, **filled: str) -> list[str]:
    """What a module has the browser run, with what is `filled` in while it runs."""
    source = (ROOT / "sender_app" / path).read_text()
    calls = re.findall(r"rx\.call_script\(\s*f\"(.*?)\"\s*\)", source, re.DOTALL)
    assert len(calls) == source.count("rx.call_script("), path
    known = {"COOKIE": "lang", "lang": "pt", "_YEAR": "31536000", "_COOKIE": NAME, **filled}
    return [re.sub(r"\{(\w+)\}", lambda m: known[m[1]], call) for call in calls]


def test_the_scripts_of_the_server_get_through_and_there_are_no_others():
    assert sum(text.count("rx.call_script(") for text in SOURCES) == 6
    assert all(map(pattern("CHOICE").match, scripts_of("states/session.py")))
    assert all(map(pattern("CHOICE").match, scripts_of("states/first_steps.py")))
    signing = "whsec_" + base64.b64encode(bytes(range(224, 256))).decode()
    for field_id, secret in ((NEW_KEY, new_secret()), (SHOWN_ONCE, signing), (NEW_KEY, "")):
        [script] = scripts_of("states/secrets.py", field_id=field_id, secret=secret)
        found = pattern("SECRET").match(script)
        assert found is not None
        assert found.groups() == (field_id, secret)
    assert payload(rx.call_script("x = 1")) == {"javascript_code": "x = 1", "callback": None}


class Tab:
    """A tab of somebody who reads Portuguese."""

    async def get_state(self, _kind: type) -> SimpleNamespace:
        return SimpleNamespace(lang="pt")


def test_what_controls_and_undoing_are_told_gets_through_as_what_it_is():
    found = pattern("EVENT").match(payload(REFUSED)["javascript_code"])
    assert found is not None
    assert (found[1], json.loads(found[2])) == ("refused", {})
    found = pattern("EVENT").match(payload(ANSWERED)["javascript_code"])
    assert found is not None
    assert (found[1], json.loads(found[2])) == ("answered", {})
    event = asyncio.run(undoing.say_done(Tab(), "contacts.joined", Done(3, "s3-cret"), "onLeft"))  # type: ignore[arg-type]
    found = pattern("EVENT").match(payload(event)["javascript_code"])
    assert found is not None
    told = {"text": "Adicionados ao grupo: 3", "label": "Desfazer"}
    told |= {"kind": "onLeft", "secret": "s3-cret"}
    assert (found[1], json.loads(found[2])) == ("undoable", {"detail": told})


def test_nothing_else_gets_through():
    for text in ("alert(1)", "(() => (refs['__toast']?.[\"error\"](alert(1))), x)", "", "(()=>1)"):
        found = pattern("TOAST").match(text)
        assert found is None or not found[2].startswith('"'), text
        assert pattern("CHOICE").match(text) is None
        assert pattern("SECRET").match(text) is None
        assert pattern("EVENT").match(text) is None
    sneaky = "document.cookie='lang=es;path=/;max-age=1;samesite=lax';alert(1)"
    assert pattern("CHOICE").match(sneaky) is None
