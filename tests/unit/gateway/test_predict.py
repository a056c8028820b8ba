"""TensorFlow Serving's REST form, as the gateway speaks it."""

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.entry.app import create_app
from gateway.service import Service
from gateway.settings import LimitSettings
from testing.gateway.fake_upstream import PHOTO, ROW, FakeUpstream, encoded, service


def client(one: Service) -> TestClient:
    return TestClient(create_app(one), "http://127.0.0.1")


def b64(photo: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(photo).decode()}


def test_servings_rows_and_columns_are_answered_alike() -> None:
    upstream = FakeUpstream()
    one = client(service(upstream))
    rows = {"instances": [{"image_bytes": b64(PHOTO)}, {"image_bytes": b64(b"x")}]}
    columns = {"signature_name": "serving_default", "inputs": [b64(PHOTO), b64(b"x")]}
    response = one.post("/v1/models/pet_mood:predict", json=rows)
    assert response.json() == {"predictions": [ROW, ROW]}
    response = one.post("/v1/models/pet_mood/labels/stable:predict", json=columns)
    assert response.json()["outputs"]["mood"] == ["행복/즐거움"] * 2
    calls = [call for call, _ in upstream.calls]
    assert calls == [("serving_default", {"image_bytes": [PHOTO, b"x"]})] * 2
    assert [target.label for _, target in upstream.calls] == [None, "stable"]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"instances": []},
        {"instances": [{"image_bytes": "text"}]},
        {"instances": [{"image_bytes": {"b64": "?"}}]},
        {"instances": [{"image_bytes": b64(b"x")}], "inputs": []},
        {"signature_name": "serve_bulk", "instances": [b64(b"x")]},
        {"signature_name": "serve_box", "instances": [{"image_bytes": b64(b"x")}]},
        {"signature_name": "serve_box", "inputs": {"image_bytes": [b64(b"x")], "box": [[1, 2]]}},
        {
            "signature_name": "serve_box",
            "inputs": {"image_bytes": [b64(b"x")], "box": [[1, 2, 3, True]]},
        },
        {"instances": [b64(b"x")] * 3},
    ],
)
def test_what_is_no_call_is_refused_in_servings_form(document: Any) -> None:
    upstream = FakeUpstream()
    response = client(service(upstream, LimitSettings(photos=2))).post(
        "/v1/models/pet_mood:predict", json=document
    )
    assert response.status_code == 400
    assert [*response.json()] == ["error"]
    assert not upstream.calls


def test_a_large_photo_within_a_call_is_refused() -> None:
    upstream = FakeUpstream()
    response = client(service(upstream, LimitSettings(photo_pixels=109))).post(
        "/v1/models/pet_mood:predict", json={"instances": [b64(encoded("PNG", (11, 10)))]}
    )
    assert response.status_code == 413
    assert not upstream.calls


@pytest.mark.parametrize(
    "path",
    ["/v1/models/other:predict", "/v1/models/pet_mood/versions/8:predict",
     "/v1/models/pet_mood/labels/canary:predict", "/v1/models/pet_mood/versions/x:predict",
     "/v1/models/pet_mood/x/y/z:predict"],
)  # fmt: skip
def test_another_model_or_version_is_not_found(path: str) -> None:
    response = client(service(FakeUpstream())).post(path, json={"instances": [b64(b"x")]})
    assert response.status_code == 404
    assert [*response.json()] == ["error"]


def test_the_models_state_has_servings_form() -> None:
    one = client(service(FakeUpstream()))
    states = one.get("/v1/models/pet_mood").json()["model_version_status"]
    assert [(each["version"], each["state"]) for each in states] == [("7", "AVAILABLE")]
    spec = one.get("/v1/models/pet_mood/labels/stable/metadata").json()["model_spec"]
    assert spec["version"] == "7"
    assert one.get("/v1/models/pet_mood:predict").status_code == 405
    assert one.get("/nowhere").json()["error"] == "no_such_address"
