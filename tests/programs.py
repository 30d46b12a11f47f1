"""What scripts beside the gateway share: programs that are started and surely stopped, and asking them for something."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# Whoever mints and whoever is asked agree on these.
ISSUER = "https://issuer.example.com"
AUDIENCE = "joingate"


class Failed(Exception):
    """Something is not as it should be."""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def get(url, method="GET", body=None, headers=None):
    """Status and text of an answer; 0 without one."""
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except OSError:
        return 0, ""


def until(what, look, within=60):
    """Waits for something to be seen."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if seen := look():
            return seen
        time.sleep(0.2)
    raise Failed(f"{what}: not within {within} s")


def mint(joingate, key, subject, algorithm=None, kid=None):
    """A token of somebody who may do everything, for an hour."""
    words = [joingate, "token", "--key-file", key, "--iss", ISSUER, "--aud", AUDIENCE, "--sub", subject, "--groups", "*", "--ttl", "1h",
             "--scope", "join_requests:read join_requests:decide"]
    words += (["--alg", algorithm] if algorithm else []) + (["--kid", kid] if kid else [])
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


class Program:
    """A process that can be stopped and started again; its output goes to a file. `stack` stops it at the latest."""

    def __init__(self, stack, folder, name, arguments, environment=None):
        self.log = folder / f"{name}.log"
        self.name, self.arguments, self.environment, self.process = name, arguments, environment, None
        stack.callback(self.kill)

    def start(self, **more):
        environment = {"PATH": os.environ["PATH"], **(self.environment or {}), **more}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in self.arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment
            )
        return self

    def kill(self, number=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)

    def tail(self):
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"-- last lines of {self.name}:", *lines[-8:]])
