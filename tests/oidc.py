"""A real OpenID provider as a process, and somebody who signs in through it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.stack import ROOT, eventually

FOLDER = ROOT / "tests" / "oidc_provider"
BIN = Path(sys.executable).parent  # the wheel's Node, not the machine's
SECRET = "a-secret-of-the-tests"


def install() -> None:
    """The provider's packages, as its lock file pins them."""
    done = FOLDER / "node_modules" / ".package-lock.json"
    lock = FOLDER / "package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(
        [BIN / "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=FOLDER,
        env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )
    done.touch()


class Provider:
    """See oidc_provider/provider.mjs."""

    def __init__(self, port: int, sender: str, log: Path) -> None:
        install()
        self.issuer = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [BIN / "node", "provider.mjs", str(port), sender],
                cwd=FOLDER,
                stdout=output,
                stderr=output,
            )
        eventually(lambda: "ready" in log.read_text(), what="the provider")
        self._people: dict[str, dict[str, object]] = {}

    def wish(self, **wishes: object) -> None:
        """Change how it behaves."""
        httpx.post(f"{self.issuer}/control", json=wishes, timeout=60).raise_for_status()

    def person(self, sub: str, *roles: str, **claims: object) -> None:
        """Somebody with realm roles, and other claims."""
        known = {"name": sub.title(), "preferred_username": sub}
        self._people[sub] = known | {"realm_access": {"roles": list(roles)}} | claims
        self.wish(people=self._people)

    def reset(self) -> None:
        """As at the start, without people."""
        self._people = {}
        self.wish(people={}, claimsIn="id_token", accessTokenTtl=300, clockOffset=0, down=False)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(60)


class Visitor:
    """Somebody with a browser, as far as HTTP goes."""

    def __init__(self, sender: str) -> None:
        self.sender = sender
        self.http = httpx.Client(follow_redirects=True, timeout=60)

    def begin(self, back_to: str = "/") -> httpx.Response:
        """Press the button; the provider's form, or where its own session already led."""
        return self.http.get(f"{self.sender}/auth/login", params={"next": back_to})

    def sign_in(self, sub: str, back_to: str = "/") -> httpx.Response:
        """All the way; the page that one ends on."""
        form = self.begin(back_to)
        return self.http.post(form.url, data={"sub": sub})

    @property
    def session(self) -> str:
        """The session id in the cookie, or blank."""
        return next(
            (c.value or "" for c in self.http.cookies.jar if c.name == "sender_session"), ""
        )

    def sign_out(self) -> httpx.Response:
        """Both here and at the provider, which asks first."""
        asked = self.http.post(f"{self.sender}/auth/sign-out")
        secret = re.search(r'name="xsrf" value="([^"]+)"', asked.text)
        assert secret, asked.text
        form = {"xsrf": secret[1], "logout": "yes"}
        return self.http.post(asked.url.join("/session/end/confirm"), data=form)
