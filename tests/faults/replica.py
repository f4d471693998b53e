"""A second process of a service, with ports of its own and the same database, as a second replica is."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

from stage import Stage


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Replica:
    """Runs until stopped."""

    def __init__(self, stage: Stage, name: str, env: dict[str, str] | None = None) -> None:
        text = (stage.suite.run / f"{name}.toml").read_text()
        self.ports: dict[str, int] = {}

        def another(found: re.Match) -> str:
            self.ports[found[1]] = free_port()
            return f'{found[1]} = "127.0.0.1:{self.ports[found[1]]}"'

        text = re.sub(r'^(grpc|internal|admin) = "127\.0\.0\.1:\d+"', another, text, flags=re.M)
        config = stage.suite.run / f"{name}-2.toml"
        config.write_text(text)
        self._log = (stage.suite.run / f"{name}-2.log").open("wb")
        binary = Path(stage.binary).parent / f"ehub-{name}"
        self._process = subprocess.Popen(
            [str(binary), "--config", str(config)], env=stage.environment | (env or {}), stdout=self._log, stderr=subprocess.STDOUT
        )
        self.address, self.internal = (f"http://127.0.0.1:{self.ports[port]}" for port in ("grpc", "internal"))
        stage.until(lambda: stage.serving_at(self.address), f"a second {name} SERVING", 60)

    def stop(self) -> None:
        """Ends it."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
