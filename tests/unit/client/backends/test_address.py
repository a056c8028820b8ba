"""What --server names."""

import pytest

from client.backends.address import Address, parse_address
from client.backends.rest_urls import urls
from schemas.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "host", "model", "version", "label"),
    [
        ("grpc://localhost", "localhost:8500", "pet_mood", None, None),
        ("grpc://localhost:9000/", "localhost:9000", "pet_mood", None, None),
        ("grpcs://pets.example", "pets.example:443", "pet_mood", None, None),
        ("grpc://[::1]:8500/v1/models/cats", "[::1]:8500", "cats", None, None),
        ("grpc://h/v1/models/m/versions/1763900000", "h:8500", "m", 1763900000, None),
        ("http://h:8501", "http://h:8501", "pet_mood", None, None),
        ("http://h:8501/v1/models/m/labels/canary", "http://h:8501", "m", None, "canary"),
        ("https://h/behind/v1/models/m/versions/3/", "https://h/behind", "m", 3, None),
    ],
)
def test_an_address_names_host_model_and_version(
    url: str, host: str, model: str, version: int | None, label: str | None
) -> None:
    scheme = url.partition(":")[0]
    is_grpc, is_secure = scheme.startswith("grpc"), scheme.endswith("s")
    assert parse_address(url) == Address(url, is_grpc, is_secure, host, model, version, label)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8500",
        "ftp://localhost",
        "grpc://",
        "grpc://h:port",
        "grpc://h:70000",
        "grpc://[::1",
        "grpc://h/behind/v1/models/m",
        "http://h/models/m",
        "http://h/v1/models/m:predict",
        "http://h/v1/models/m/versions/new",
        "http://h/v1/models/m#x",
        "http://h:0",
        "http://h\x1b[2J",
        "http://h/v1/models/m m",
    ],
)
def test_what_is_no_address_is_refused_with_one_that_is(url: str) -> None:
    with pytest.raises(ConfigError, match=r"like grpc://host:8500 or .*Received: ") as refused:
        parse_address(url)
    assert repr(url) in str(refused.value)


def test_what_stands_behind_a_question_mark_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match=r"Received: 'http://h/v1/models/m\?…'$"):
        parse_address("http://h/v1/models/m?key=s3cret")


@pytest.mark.parametrize(
    "url",
    [
        "http://alice:s3cret@h:8501",
        "grpc://s3cret@h",
        "https://alice:s3/cret@h",
        "https://alice:s3cret%40h",
        "http://alice:s3#cret@h",
        "ftp://alice:s3cret@h",
    ],
)
def test_a_user_or_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"takes no user or password.*--token-file") as e:
        parse_address(url)
    assert "s3" not in str(e.value)
    assert "alice" not in str(e.value)


def test_host_and_port_are_known_also_where_the_scheme_implies_the_port() -> None:
    assert (parse_address("grpc://[::1]").hostname, parse_address("grpc://[::1]").port) == (
        "::1",
        8500,
    )
    assert parse_address("https://H.example/v1/models/m").hostname == "h.example"
    assert [parse_address(url).port for url in ("http://h", "https://h", "grpcs://h:9")] == [
        80,
        443,
        9,
    ]


ENDPOINT = "projects/p-1/locations/asia-northeast3/endpoints/1234"


@pytest.mark.parametrize("call", ["", ":predict", ":rawPredict", "/"])
def test_a_vertex_endpoint_is_an_address_of_its_own(call: str) -> None:
    url = f"https://asia-northeast3-aiplatform.googleapis.com/v1/{ENDPOINT}{call}"
    address = parse_address(url)
    assert address.endpoint == ENDPOINT and address.is_secure and not address.is_grpc
    assert urls(address) == (
        f"https://asia-northeast3-aiplatform.googleapis.com/v1/{ENDPOINT}:predict",
        f"https://asia-northeast3-aiplatform.googleapis.com/v1/{ENDPOINT}:rawPredict",
    )


@pytest.mark.parametrize(
    "url",
    [
        f"https://h/v1/{ENDPOINT}:explain",
        f"https://h/v1/{ENDPOINT}/deployedModels/3",
        f"https://h/v1/{ENDPOINT}?key=s3cret",
        "https://h/v1/projects/p/endpoints/1",
    ],
)
def test_what_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="--server must name a server"):
        parse_address(url)


def test_an_endpoint_is_not_called_over_grpc() -> None:
    with pytest.raises(ConfigError, match="called over REST: https"):
        parse_address(f"grpcs://h/v1/{ENDPOINT}")
