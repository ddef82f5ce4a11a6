"""Who may come in: the three ways in which a password is proved without being sent.

Each is a generator of what the server says; it is sent what the client answers. It returns what is left to say before
the client is let in, or None where the password is wrong.

SCRAM-SHA-256: RFC 5802, RFC 7677. MD5: PostgreSQL's. Digest: Redshift's own SHA-256, which only its drivers know:
https://github.com/aws/amazon-redshift-python-driver (core.py, utils/extensible_digest.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from collections.abc import Callable, Generator
from dataclasses import field

from ..records import frozen
from .replies import authentication

ITERATIONS = 4096


@frozen
class Account:
    """The one user who is let in. `method` is md5, scram-sha-256, digest, or empty for what suits the client."""

    user: str
    password: str = field(repr=False)
    method: str = ""


Exchange = Generator[bytes, bytes, bytes | None]


def challenge(account: Account, user: str, *, amazon: bool) -> Exchange:
    """Return the exchange that `user` goes through; a wrong user goes through it as well, and fails at its end."""
    method = account.method or ("digest" if amazon else "scram-sha-256")
    known = hmac.compare_digest(user.encode(), account.user.encode())
    return _METHODS[method](user, account.password if known else secrets.token_hex(16))


def _md5(user: str, password: str) -> Exchange:
    salt = secrets.token_bytes(4)
    answer = yield authentication(5, salt)
    inner = hashlib.md5((password + user).encode()).hexdigest()
    expected = b"md5" + hashlib.md5(inner.encode() + salt).hexdigest().encode()
    return b"" if hmac.compare_digest(answer.rstrip(b"\0"), expected) else None


def _digest(user: str, password: str) -> Exchange:
    salt, nonce = secrets.token_bytes(8), secrets.token_bytes(8)
    sha256 = 0
    answer = yield authentication(13, struct.pack("!ii8si8s", sha256, len(salt), salt, len(nonce), nonce))
    digest, client_nonce = _with_lengths(answer)
    inner = hashlib.sha256(password.encode() + salt).digest()
    expected = hashlib.sha256(inner + nonce + client_nonce).digest()
    return b"" if hmac.compare_digest(digest, expected) else None


def _with_lengths(answer: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(answer[:4], "big")
    return answer[4 : 4 + size], answer[8 + size :]


def _scram(user: str, password: str) -> Exchange:
    answer = yield authentication(10, b"SCRAM-SHA-256\0\0")
    mechanism, _, rest = answer.partition(b"\0")
    header, _, bare = rest[4:].decode().partition(",,")
    attributes = _attributes(bare)
    if mechanism != b"SCRAM-SHA-256" or header not in ("n", "y") or not attributes.get("r"):
        return None
    nonce, salt = attributes["r"] + secrets.token_urlsafe(18), secrets.token_bytes(16)
    first = f"r={nonce},s={base64.b64encode(salt).decode()},i={ITERATIONS}"
    final = (yield authentication(11, first.encode())).decode()
    without_proof, _, proof = final.rpartition(",p=")
    said = _attributes(without_proof)
    channel = base64.b64encode(f"{header},,".encode()).decode()
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    spoken = f"{bare},{first},{without_proof}".encode()
    if said.get("r") != nonce or said.get("c") != channel or not _proves(salted, spoken, proof):
        return None
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    signature = base64.b64encode(hmac.digest(server_key, spoken, "sha256"))
    return authentication(12, b"v=" + signature)


def _attributes(text: str) -> dict[str, str]:
    return {part[:1]: part[2:] for part in text.split(",") if part[1:2] == "="}


def _proves(salted: bytes, spoken: bytes, proof: str) -> bool:
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), spoken, "sha256")
    expected = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
    return hmac.compare_digest(base64.b64encode(expected), proof.encode())


_METHODS: dict[str, Callable[[str, str], Exchange]] = {"md5": _md5, "digest": _digest, "scram-sha-256": _scram}
METHODS = tuple(_METHODS)
