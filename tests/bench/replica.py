"""A second replica of one service, started to be looked at: as the first, on ports of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

from bench_home import Home


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Replica:
    """Started and ready inside the context."""

    def __init__(self, home: Home, service: str) -> None:
        self._home, self._service = home, service
        self.seconds_to_ready = 0.0
        self.pid = 0

    def __enter__(self) -> Replica:
        ports = dict(zip(("GRPC", "INTERNAL", "ADMIN"), _free_ports(3)))
        env = dict(os.environ | self._home.suite._env)
        env |= {f"EHUB_{self._service.upper()}__SERVER__{name}": f"127.0.0.1:{port}" for name, port in ports.items()}
        command = [str(self._home.binaries / f"ehub-{self._service}"), "--config", str(self._home.suite.run / f"{self._service}.toml")]
        log = (self._home.path / f"replica-{self._service}.log").open("wb")
        began = time.monotonic()
        self._process = subprocess.Popen(command, env=env, cwd=self._home.path, stdout=log, stderr=log)
        self.pid = self._process.pid
        while not self._is_ready(ports["ADMIN"]):
            if self._process.poll() is not None or time.monotonic() - began > 60:
                self.__exit__()
                raise RuntimeError(f"a second {self._service} did not get ready; see {log.name}")
            time.sleep(0.005)
        self.seconds_to_ready = time.monotonic() - began
        return self

    @staticmethod
    def _is_ready(port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
