"""The proxy of deploy/serving, as Debian's nginx runs it, before the stand-in of a server."""

import gzip
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator

import grpc
import httpx
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from client.backends import grpc_transport, rest_transport
from client.backends.address import parse_address
from dataset.settings import DataSettings
from testing.models import quadrants
from testing.models.servables import quadrant_servable
from testing.serving import fake_grpc, fake_rest
from testing.serving.fake_serving import FakeServing
from testing.serving.proxy import NGINX, TOKEN, Proxy, proxy_before

pytestmark = pytest.mark.skipif(
    not NGINX and "CI" not in os.environ, reason="needs Debian's package nginx-light"
)
PHOTO = quadrants.encoded(quadrants.red_at(2, 40, 60))
WITH_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
PREDICT = "/v1/models/pet_mood/labels/stable:predict"
RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"
MAX_BODY = 32 << 20


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> FakeServing:
    versions = tmp_path_factory.mktemp("serving") / "pet_mood"
    servable = quadrant_servable(tmp_path_factory, DataSettings().box_margin)
    shutil.copytree(servable, versions / "9")
    return FakeServing("pet_mood", versions, {"stable": 9})


@pytest.fixture(scope="module")
def direct(serving: FakeServing) -> Iterator[tuple[str, str]]:
    """Addresses of the server itself: gRPC, REST."""
    with fake_grpc.serve_grpc(serving) as grpc_url, fake_rest.serve_rest(serving) as rest:
        yield grpc_url.removeprefix("grpc://"), rest


@pytest.fixture(scope="module")
def proxy(direct: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    ports = [int(address.rpartition(":")[2]) for address in direct]
    with proxy_before(ports[0], ports[1], tmp_path_factory.mktemp("proxy")) as started:
        yield started


@pytest.fixture(scope="module")
def channel(proxy: Proxy) -> Iterator[grpc.Channel]:
    credentials = grpc.ssl_channel_credentials(proxy.certificate.read_bytes())
    with grpc.secure_channel(f"localhost:{proxy.port}", credentials) as opened:
        yield opened


@pytest.fixture(scope="module")
def rest(proxy: Proxy) -> Iterator[httpx.Client]:
    context = ssl.create_default_context(cafile=proxy.certificate)
    base = f"https://localhost:{proxy.port}"
    with httpx.Client(base_url=base, verify=context, timeout=30) as client:
        yield client


def grpc_request(*pictures: bytes) -> predict_pb2.PredictRequest:
    address = parse_address("grpc://h/v1/models/pet_mood/labels/stable")
    return grpc_transport.predict_request(address, pictures or (PHOTO,), None)


def ask(channel: grpc.Channel, request: predict_pb2.PredictRequest, **metadata: str) -> str:
    """Returns the mood of the first picture."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    answer = stub.Predict(request, timeout=30, metadata=list(metadata.items()))
    return str(tf.make_ndarray(answer.outputs["mood"])[0].decode())


@pytest.mark.slow
def test_a_client_with_a_token_gets_predictions_over_both_protocols(
    channel: grpc.Channel, rest: httpx.Client
) -> None:
    assert ask(channel, grpc_request(), authorization=f"Bearer {TOKEN}") == "행복/즐거움"
    body = rest_transport.request_body([PHOTO], None)
    answer = rest.post(PREDICT, json=body, headers=WITH_TOKEN)
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["mood"] == "행복/즐거움"
    for path in ("/v1/models/pet_mood", "/v1/models/pet_mood/versions/9"):
        assert rest.get(path, headers=WITH_TOKEN).json()["model_version_status"]


def test_models_are_reloaded_on_the_port_itself_and_not_through_the_proxy(
    serving: FakeServing, direct: tuple[str, str], channel: grpc.Channel
) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(name="pet_mood", base_path="/models/evil")
    # The server refuses this one for a rule of its own; another it would take.
    with (
        grpc.insecure_channel(direct[0]) as inside,
        pytest.raises(grpc.RpcError, match="Illegal to change a served model's platform"),
    ):
        model_service_pb2_grpc.ModelServiceStub(inside).HandleReloadConfigRequest(request)
    assert serving.reloads == [["/models/evil"]]

    stub = model_service_pb2_grpc.ModelServiceStub(channel)
    for metadata, code in (
        ([("authorization", f"Bearer {TOKEN}")], grpc.StatusCode.PERMISSION_DENIED),
        ([], grpc.StatusCode.UNAUTHENTICATED),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            stub.HandleReloadConfigRequest(request, metadata=metadata, timeout=30)
        assert refused.value.code() == code
    with pytest.raises(grpc.RpcError):
        stub.GetModelStatus(get_model_status_pb2.GetModelStatusRequest(), timeout=30)
    assert serving.reloads == [["/models/evil"]]


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN,
     f"Bearer {TOKEN.upper()}x", "default", "~.*", "hostnames"],
)  # fmt: skip
def test_without_the_token_is_401(
    authorization: str, channel: grpc.Channel, rest: httpx.Client, serving: FakeServing
) -> None:
    before = len(serving.handled)
    headers = {"Authorization": authorization}
    body = rest_transport.request_body([PHOTO], None)
    for path in (PREDICT, RELOAD, "/v1/models/pet_mood", "/", "/monitoring/prometheus/metrics"):
        assert rest.post(path, json=body, headers=headers).status_code == 401
    with pytest.raises(grpc.RpcError) as refused:
        ask(channel, grpc_request(), authorization=authorization)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert len(serving.handled) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", RELOAD),
        ("POST", "/tensorflow.serving.PredictionService/MultiInference"),
        ("POST", "/tensorflow.serving.PredictionService/Predict/"),
        ("GET", "/tensorflow.serving.PredictionService/Predict"),
        ("GET", PREDICT),
        ("POST", "/v1/models/pet_mood"),
        ("GET", "/v1/models/pet_mood/metadata"),
        ("POST", "/v1/models/pet_mood:classify"),
        ("POST", "/v1/models/other:predict"),
        ("POST", "/v1/models/pet_mood/../other:predict"),
        ("POST", "/v1/models/pet_mood/labels/a%2Fb:predict"),
        ("GET", "/monitoring/prometheus/metrics"),
        ("GET", "/"),
        ("GET", "/secrets/tokens.conf"),
        ("DELETE", PREDICT),
    ],
)
def test_anything_but_predicting_is_refused_with_a_token_too(
    method: str, path: str, rest: httpx.Client
) -> None:
    assert rest.request(method, path, headers=WITH_TOKEN).status_code in (403, 405)


def test_a_large_body_is_413_and_the_client_halves_it(
    channel: grpc.Channel, rest: httpx.Client, proxy: Proxy, serving: FakeServing
) -> None:
    before = len(serving.handled)
    large = b"0" * (MAX_BODY + 1)
    assert rest.post(PREDICT, content=large, headers=WITH_TOKEN).status_code == 413
    chunks = (large[start : start + (1 << 20)] for start in range(0, len(large), 1 << 20))
    assert rest.post(PREDICT, content=chunks, headers=WITH_TOKEN).status_code == 413
    with pytest.raises(grpc.RpcError) as refused:
        ask(channel, grpc_request(large), authorization=f"Bearer {TOKEN}")
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert any(text in refused.value.details() for text in grpc_transport._TOO_LARGE)
    assert len(serving.handled) == before
    # And what is just below the limit passes.
    status = rest.post(PREDICT, content=large[:MAX_BODY], headers=WITH_TOKEN).status_code
    assert status == 400, "the server's own answer to what is no JSON"


def test_compressed_requests_are_refused(channel: grpc.Channel, rest: httpx.Client) -> None:
    body = gzip.compress(b"0" * (1 << 20))
    headers = WITH_TOKEN | {"Content-Encoding": "gzip"}
    assert rest.post(PREDICT, content=body, headers=headers).status_code == 415
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    with pytest.raises(grpc.RpcError) as refused:
        stub.Predict(
            grpc_request(),
            timeout=30,
            metadata=[("authorization", f"Bearer {TOKEN}")],
            compression=grpc.Compression.Gzip,
        )
    assert "415" in refused.value.details()


def test_there_is_no_connection_without_tls(proxy: Proxy) -> None:
    assert httpx.get(f"http://localhost:{proxy.port}/healthz").status_code == 400
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{proxy.port}/healthz")
    context = ssl.create_default_context(cafile=proxy.certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert httpx.get(f"https://localhost:{proxy.port}/healthz", verify=context).status_code == 204


def test_old_tls_is_refused(proxy: Proxy) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    asked = [openssl, "s_client", "-connect", f"localhost:{proxy.port}", "-tls1_1",
             "-cipher", "DEFAULT@SECLEVEL=0"]  # fmt: skip
    done = subprocess.run(asked, input="", capture_output=True, text=True, timeout=30)
    assert "Cipher is (NONE)" in done.stdout


def test_one_address_has_few_connections(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=proxy.certificate)
    opened = []
    try:
        statuses = []
        for _ in range(40):
            plain = socket.create_connection(("localhost", proxy.port), timeout=10)
            one = context.wrap_socket(plain, server_hostname="localhost")
            opened.append(one)
            one.sendall(
                f"POST {PREDICT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
                "Content-Length: 1000\r\n\r\n".encode()
            )
        time.sleep(0.5)
        for one in opened:
            one.settimeout(0.01)
            try:
                statuses.append(one.recv(12))
            except TimeoutError:
                statuses.append(b"")
        assert statuses.count(b"HTTP/1.1 429") == 40 - 32
        assert statuses.count(b"") == 32
    finally:
        for one in opened:
            one.close()


def test_the_log_names_the_client_and_never_the_token(proxy: Proxy) -> None:
    log = proxy.log.read_text("utf-8")
    assert '"tests" POST /v1/models/pet_mood/labels/stable:predict 200' in log
    assert TOKEN not in log
