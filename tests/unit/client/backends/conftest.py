"""What the tests of servers share: certificates, and no pauses between attempts."""

import pytest
import tenacity

from client.backends import tf_serving
from testing.client import certificates
from testing.client.certificates import Certificates


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a client try again at once."""
    monkeypatch.setattr(tf_serving, "WAIT", tenacity.wait_none())


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of a server and of a client."""
    return certificates.make(tmp_path_factory.mktemp("certificates"))
