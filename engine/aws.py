"""The one door to boto3: calls by AWS's own names, and its errors in words.

Credentials come from where boto3 looks for them: the environment, a profile, the machine's role. AWS_ENDPOINT_URL,
which botocore reads itself, sends the calls somewhere else; AWS_MAX_ATTEMPTS says how often a call is tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import boto3
from botocore import exceptions, xform_name
from botocore.config import Config

from .errors import AwsError, WarehouseError, WarehouseUnreachable

MAX_CONNECTIONS = 32
ATTEMPTS = 6
"""How often a call is tried, unless AWS_MAX_ATTEMPTS says otherwise. botocore waits between them, twice as long each
time with jitter, up to 20 seconds."""


class Aws:
    """Calls to AWS as one profile, in one region. Threads may share it."""

    def __init__(self, profile: str = "", region: str = "") -> None:
        """Empty texts take what the environment says. Errors: WarehouseError for a profile that is not there."""
        self._clients: dict[str, Any] = {}
        self._lock = Lock()
        with _explained("sign-in", ""):
            self._session = boto3.Session(profile_name=profile or None, region_name=region or None)

    @property
    def region(self) -> str:
        """The region of every call; empty if neither the target nor the environment names one."""
        return self._session.region_name or ""

    def call(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Make one call: ('s3', 'ListObjectsV2', Bucket=…). Throttling and server errors are tried again.

        Errors: AwsError with AWS's code if it is refused; WarehouseError without credentials or with parameters that
        AWS does not take; WarehouseUnreachable without an answer.
        """
        with _explained(service, operation):
            answer: dict[str, Any] = getattr(self._client(service), xform_name(operation))(**parameters)
            return answer

    def _client(self, service: str) -> Any:
        with self._lock:  # making a client is not safe in threads, using one is
            if service not in self._clients:
                self._clients[service] = self._session.client(service, config=_config())
            return self._clients[service]


def _config() -> Config:
    # What is said here goes before what botocore reads from the environment.
    attempts = {} if os.environ.get("AWS_MAX_ATTEMPTS") else {"total_max_attempts": ATTEMPTS}
    return Config(
        retries={"mode": "standard", **attempts},
        max_pool_connections=MAX_CONNECTIONS,
        connect_timeout=10,
        read_timeout=60,
        user_agent_extra="etlrun",
    )


def chunks(body: Any, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield the body of an answer. Errors: WarehouseUnreachable if it breaks off."""
    with _explained("s3", "GetObject"):
        yield from body.iter_chunks(size)


# --- errors ----------------------------------------------------------------------------------------------------------

_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
)
_SIGN_IN = (exceptions.SSOError, exceptions.TokenRetrievalError)
_SIGN_IN_HINT = "sign in (aws configure, aws sso login), set AWS_PROFILE, or give the target a 'profile:'"
_DENIED = (
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403", "AllAccessDisabled",
    "AuthorizationError", "UnauthorizedAccess",
)  # fmt: skip
_BAD_KEYS = (
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidClientTokenId", "AuthFailure", "UnrecognizedClientException",
    "InvalidToken", "IncompleteSignature",
)  # fmt: skip
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_WRONG_REGION = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
_PERMISSIONS = {
    "s3 ListObjectsV2": "s3:ListBucket", "s3 HeadBucket": "s3:ListBucket", "s3 HeadObject": "s3:GetObject",
}  # fmt: skip
"""The permissions that are not named like their call."""
_BUSY = ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException",
         "ServiceUnavailable", "InternalError", "500", "502", "503", "504")  # fmt: skip


@contextmanager
def _explained(service: str, operation: str) -> Iterator[None]:
    """Turn each of botocore's exceptions into one of ours."""
    what = f"{service} {operation}".strip()
    try:
        yield
    except exceptions.ClientError as error:
        raise _refused(what, error) from error
    except _NO_CREDENTIALS as error:
        raise WarehouseError(
            "there are no AWS credentials", detail=str(error), hint=_SIGN_IN_HINT + _or_mount(what)
        ) from error
    except _SIGN_IN as error:
        raise WarehouseError("the AWS sign-in has ended", detail=str(error), hint=_SIGN_IN_HINT) from error
    except exceptions.ProfileNotFound as error:
        raise WarehouseError(str(error), hint="`aws configure list-profiles` shows those that are there") from error
    except exceptions.NoRegionError as error:
        hint = "give the target a 'region:', or set AWS_DEFAULT_REGION"
        raise WarehouseError(f"{what}: no AWS region is known", hint=hint) from error
    except exceptions.ParamValidationError as error:
        raise WarehouseError(f"{what}: AWS does not take this", detail=str(error)) from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError) as error:
        advice = f"check the network, HTTPS_PROXY and AWS_ENDPOINT_URL{_or_mount(what)}"
        raise WarehouseUnreachable(f"{what}: AWS does not answer, or broke off: {error}\n  {advice}") from error
    except exceptions.BotoCoreError as error:
        raise WarehouseError(f"{what}: {error}") from error


def _or_mount(what: str) -> str:
    return "; local Redshift can do with a folder: --mount s3://bucket=FOLDER" if what.startswith("s3 ") else ""


def _refused(what: str, error: exceptions.ClientError) -> AwsError:
    told = error.response.get("Error", {})
    code = str(told.get("Code", ""))
    return AwsError(
        f"{what} was refused: {code}", code=code, detail=str(told.get("Message", "")), hint=_mend(what, code)
    )


def _mend(what: str, code: str) -> str:
    """Return what to do about an error code of AWS."""
    if code in _DENIED:
        return f"allow {_PERMISSIONS.get(what, what.replace(' ', ':'))} to who `aws sts get-caller-identity` names"
    if code in _BAD_KEYS:
        return f"AWS does not know these keys: {_SIGN_IN_HINT}"
    if code in _EXPIRED:
        return f"the session has ended: {_SIGN_IN_HINT}"
    if code in _WRONG_REGION:
        return "it lies in another region: change 'region:' of the target"
    if code == "NoSuchBucket":
        return "check the bucket's name, and whose account it is in"
    if code in _BUSY:
        return "AWS was busy through all attempts: wait a little and run it again"
    return ""
