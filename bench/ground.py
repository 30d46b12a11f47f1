"""Where it is measured: load and upstream on one core, the contender alone on another, nothing outside the loopback."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import tempfile
import time

from contenders import GRAPH_TOKEN, NOBODY, Keys, Task
from programs import AUDIENCE, ISSUER, ROOT, TARGET, Failed, Program, free_port, mint, until

LOAD_CORE, CONTENDER_CORE = "0", "1"
NEW_TOKENS = 300_000


def built():
    """The gateway as it is shipped, and the load."""
    build = ["cargo", "build", "--quiet", "--locked", "--bin", "joingate"]
    subprocess.run([*build, "--profile", "production"], cwd=ROOT, check=True)
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", "--example", "load"], cwd=ROOT, check=True)
    return TARGET / "production/joingate", TARGET / "release/examples/load"


class Processes:
    """A process with its children."""

    def __init__(self, pid):
        self.pid = pid

    def all(self):
        yield pathlib.Path(f"/proc/{self.pid}")
        for children in pathlib.Path(f"/proc/{self.pid}/task").glob("*/children"):
            yield from (pathlib.Path(f"/proc/{child}") for child in children.read_text().split())

    def cpu_seconds(self):
        """On a CPU so far, by the kernel's own account of every thread."""
        threads = (thread for process in self.all() for thread in process.glob("task/*/schedstat"))
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def memory_kb(self):
        """Proportional set size: shared pages count in part."""
        rollups = (process / "smaps_rollup" for process in self.all())
        lines = (line for rollup in rollups for line in rollup.read_text().splitlines())
        return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

    def descriptors(self):
        return sum(len(list((process / "fd").iterdir())) for process in self.all())


class Ground(contextlib.ExitStack):
    """Keys, tokens, and a folder for everything."""

    def __init__(self):
        super().__init__()
        self.gateway, self.load = built()
        self.folder = pathlib.Path(self.enter_context(tempfile.TemporaryDirectory()))
        self.keys = Keys(self.folder)
        self.tokens = {}
        for algorithm, key in self.keys.signing.items():
            kid = None if algorithm == "HS256" else algorithm
            self.tokens[algorithm] = self.folder / f"{algorithm}.tokens"
            self.tokens[algorithm].write_text(mint(self.gateway, key, "bench", algorithm, kid))

        self.graph_token = self.folder / "graph.token"
        self.graph_token.write_text(GRAPH_TOKEN)

    def new_tokens(self):
        """So many tokens that each is new to whoever is asked, signed by HS256."""
        file = self.folder / "new.tokens"
        if not file.exists():
            text = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
            secret, now = self.keys.signing["HS256"].read_bytes(), int(time.time())
            header = text(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())

            def token(number):
                claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "bench", "iat": now, "exp": now + 3500, "jti": str(number),
                          "scope": "join_requests:read join_requests:decide", "groups": "*"}
                signed = f"{header}.{text(json.dumps(claims).encode())}"
                return f"{signed}.{text(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

            file.write_text("\n".join(map(token, range(NEW_TOKENS))))
        return file

    @contextlib.contextmanager
    def prepared(self, contender, algorithm="HS256", upstream=None, **more):
        """A task for the contender, and how it is started."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            task = Task(pathlib.Path(folder), algorithm, self.keys, free_port(), free_port(), upstream or free_port(), **more)
            yield task, ["taskset", "-c", CONTENDER_CORE, *contender.command(task)], contender.environment(task)

    @contextlib.contextmanager
    def running(self, contender, algorithm="HS256", upstream=None, **more):
        """The contender, started anew and listening."""
        with self.prepared(contender, algorithm, upstream, **more) as (task, words, environment), contextlib.ExitStack() as stack:
            program = Program(stack, task.folder, "contender", words, environment).start()
            try:
                until(f"{contender.name} listens", lambda: listens(task.listen), within=20)
                yield task, Processes(program.process.pid)
            except Failed as failure:
                raise Failed(f"{failure}\n{program.tail()}") from failure

    @contextlib.contextmanager
    def direct(self):
        """Nobody in between: the upstream itself is asked, with Graph's token."""
        port = free_port()
        yield NOBODY, Task(self.folder, "HS256", self.keys, port, 0, port)

    def asking(self, how, contender, task, *words, tokens=None, upstream=True, environment=None):
        """The load, started: it asks the contender, and is the upstream unless there is one."""
        command = ["taskset", "-c", LOAD_CORE, self.load, how, "--to", f"127.0.0.1:{task.listen}", "--path", contender.path]
        command += ["--tokens", tokens or self.tokens[task.algorithm]]
        command += ["--upstream", f"127.0.0.1:{task.upstream}", "--upstream-token", GRAPH_TOKEN] if upstream else []
        environment = {**os.environ, **(environment or {})}
        return subprocess.Popen([str(word) for word in [*command, *words]], stdout=subprocess.PIPE, text=True, env=environment)

    def told(self, asking, within=120):
        """What the load tells in the end; everything must have been answered with 200."""
        out, _ = asking.communicate(timeout=within)
        if asking.returncode:
            raise Failed("the load failed")
        told = json.loads(out)
        if set(told.get("statuses", {"200": 1})) != {"200"} or any(told.get(name) for name in ("lost", "unanswered", "upstream_refused")):
            raise Failed(f"not everything was answered as it should be: {told}")
        return told

    def ask(self, *arguments, **more):
        return self.told(self.asking(*arguments, **more))


def listens(port):
    """Whether somebody does; asked of the kernel, so that nobody is disturbed."""
    wanted = f"0100007F:{port:04X}"
    lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()
    return any(line.split()[1] == wanted and line.split()[3] == "0A" for line in lines[1:])


def machine():
    """What the figures were seen on, in one sentence."""
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "unknown")
    release = ".".join(os.uname().release.split(".")[:2])
    return f"{os.cpu_count()} cores of {model}, Linux {release}"
