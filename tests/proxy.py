"""nginx with the configuration that Sender ships, on ports of the test's own."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import httpx

from tests.stack import ROOT, eventually

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


class Nginx:
    """In front of the replicas that listen on `ports`."""

    def __init__(self, folder: Path, port: int, ports: list[int]) -> None:
        self.url, self.log = f"http://127.0.0.1:{port}", folder / "nginx.log"
        folder.mkdir(parents=True, exist_ok=True)
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        server = re.compile(r"^ *server 127[^;]*;\n", re.MULTILINE)
        first = server.search(text)
        assert first is not None
        servers = "".join(first[0].replace(":3010", f":{one}") for one in ports)
        text = server.sub("", text[: first.start()]) + servers + server.sub("", text[first.end() :])
        text = text.replace("listen 8080", f"listen 127.0.0.1:{port}")
        own = "".join(
            f"    {name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = text.replace("http {\n", f"http {{\n{own}", 1)
        (folder / "nginx.conf").write_text(f"daemon off;\npid {folder}/pid;\n{text}")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [NGINX, "-e", "stderr", "-c", str(folder / "nginx.conf"), "-p", str(folder)],
                stdout=log,
                stderr=log,
            )
        eventually(self._answers, what="nginx")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)
        assert self.process.wait(60) == 0

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/health", timeout=60).status_code == 200
        except httpx.TransportError:
            return False
