"""How a secret that is shown once gets to the browser without staying in a state."""

from typing import Any

import reflex as rx


def put(field_id: str, secret: str) -> Any:
    """Have the browser show `secret` in a field (`components/told_once.py`); blank empties it."""
    return rx.call_script(f"document.getElementById('{field_id}').value = '{secret}'")
