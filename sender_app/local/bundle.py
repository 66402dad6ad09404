"""What makes the browser's part, as Reflex builds it, safe to serve and quick to arrive."""

import re
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

PLACEHOLDER = "http://localhost:59999"  # the backend's address at build time; never reached
_ADDRESS = re.compile(rb"""["'`](http|ws)://localhost:59999(/[^"'`]*)?["'`]""")
_PRELOAD = re.compile(rb'<link rel="modulepreload"')
# Reflex evaluates the text of these; first.js does what the text means instead, so that the page's
# policy can forbid evaluating.
_EVALUATED = {
    b"eval(event.payload.javascript_code)": b"senderScript(event.payload.javascript_code)",
    b"eval(event.payload.function)": b"senderFunction(event.payload.function,refs)",
}
_GROUPS = "groups: ["
# What every page needs in one file, and every icon in another: left alone they are thirty, each of
# which is asked for by itself.
_BASE = (
    *("react", "react-dom", "react-router", "react-error-boundary", "scheduler", "@emotion"),
    *("socket.io-client", "socket.io-parser", "engine.io-client", "engine.io-parser", "@socket.io"),
    *("sonner", "universal-cookie", "cookie"),
)
_TOGETHER = f"""
            {{
              test: /node_modules.({"|".join(_BASE)})[^\\w.-]/,
              name: "base",
            }},
            {{ test: /lucide-react/, name: "icons" }},"""


class Bundle(Plugin):
    """Reflex's steps of the build that Sender has a word in. Raises ValueError, which ends the
    build, where Reflex's output is not what it was."""

    def pre_compile(self, **context: Any) -> None:
        """Say which modules share a file."""
        context["add_modify_task"]("vite.config.js", _share_files)

    def post_build(self, **context: Any) -> None:
        """Mend what was built, before it is compressed."""
        mend(context["static_dir"])


def _share_files(config: str) -> str:
    if config.count(_GROUPS) != 1:
        raise ValueError("Vite's configuration does not say any more which modules share a file")
    return config.replace(_GROUPS, _GROUPS + _TOGETHER)


def mend(built: Path) -> None:
    """Have the files in `built` evaluate nothing, serve any address, and paint first."""
    mended = dict.fromkeys((_use_own_origin, _evaluate_nothing, _paint_first), 0)
    for kind, mends in (("js", (_use_own_origin, _evaluate_nothing)), ("html", (_paint_first,))):
        for path in built.rglob(f"*.{kind}"):
            text = before = path.read_bytes()
            for change in mends:
                text, count = change(text)
                mended[change] += count
            if text != before:
                path.write_bytes(text)
    if not mended[_use_own_origin] or mended[_evaluate_nothing] < len(_EVALUATED):
        raise ValueError("the browser's part cannot be made safe to serve")
    if not mended[_paint_first]:
        raise ValueError("the browser's part has its scripts before its looks")


def _use_own_origin(script: bytes) -> tuple[bytes, int]:
    """Have the page talk to wherever it was loaded from.

    Reflex writes the backend's address into the bundle; one build shall serve any host and port.
    """
    return _ADDRESS.subn(_own_address, script)


def _evaluate_nothing(script: bytes) -> tuple[bytes, int]:
    count = 0
    for evaluated, instead in _EVALUATED.items():
        count += script.count(evaluated)
        script = script.replace(evaluated, instead)
    return script, count


def _paint_first(page: bytes) -> tuple[bytes, int]:
    """Have the browser fetch what paints the page before the scripts that make it live.

    Pages are drawn at build time; fetched side by side, a quarter of a megabyte of scripts keeps
    the style sheet waiting on a slow line, and the page blank with it.
    """
    return _PRELOAD.subn(b'<link fetchpriority="low" rel="modulepreload"', page)


def _own_address(match: re.Match[bytes]) -> bytes:
    scheme, path = match[1], match[2] or b""
    origin = b'(globalThis.location?globalThis.location.origin:"http://localhost")'
    if scheme == b"ws":
        origin += b'.replace(/^http/,"ws")'
    return b"(" + origin + b'+"' + path + b'")'
