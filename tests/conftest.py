"""What every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from certificates import Certificates, make_certificates
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from cloud import Cloud

# How long an example takes depends on what else the machine does.
settings.register_profile("etlrun", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("etlrun")

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-statement", action="store_true", help="faults at every statement of a run of Sparkify")
    parser.addoption("--histories", type=int, default=50, help="how many random histories chaos tries")
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew; review them as a diff")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file byte for byte, or write it under --update-golden."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path.name} is missing: run pytest --update-golden and review it"
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate for localhost, and the authority that signed it."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl, which is not here")
    return make_certificates(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def moto() -> Iterator[Cloud]:
    """moto's services over HTTP."""
    from cloud import running  # moto takes a second to import, and few tests need it

    with running() as cloud:
        yield cloud


@pytest.fixture
def shared_data() -> Path:
    """The real Sparkify data, where this machine has it."""
    folder = SHARED / "data"
    if not (folder / "sparkify").is_dir() and not os.environ.get("ETLRUN_REQUIRE_SHARED"):
        pytest.skip("needs the real Sparkify data in ../shared/data, which is not here")
    return folder
