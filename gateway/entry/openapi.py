"""The description of the gateway's HTTP interface, OpenAPI 3.1."""

import functools
from typing import Any

from schemas import signatures
from schemas.version import VERSION

_TEXT = {"type": "string"}
_BOX = {
    "type": "array",
    "items": {"type": "integer"},
    "minItems": 4,
    "maxItems": 4,
    "description": "[y, x, height, width] in pixels of the upright photo.",
}
_BOX_TEXT = {
    "type": "string",
    "pattern": r"^\s*-?\d+\s*,\s*-?\d+\s*,\s*\d+\s*,\s*\d+\s*$",
    "description": "y,x,height,width of the box around the animal, in pixels of the upright photo.",
    "examples": ["80,60,420,420"],
}
_SCHEMAS: dict[str, Any] = {
    "Mood": {
        "type": "object",
        "required": ["mood", "status", "probabilities", "model", "version", "request_id"],
        "properties": {
            "mood": {"type": ["string", "null"], "description": "The likeliest mood, in Korean."},
            "mood_id": {"type": "string", "description": "Its English id, if the model gives it."},
            "status": {
                "type": "string",
                "description": "ok; no_animal (with a model that looks for one); or why the photo "
                "cannot be used.",
            },
            "unsure": {
                "type": "boolean",
                "description": "Whether the probability lies below the model's threshold.",
            },
            "probabilities": {
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
            },
            "box": _BOX,
            "box_source": {"type": "string", "enum": ["given", "found", "whole", ""]},
            "found": {"type": "number", "minimum": 0, "maximum": 1},
            "model": _TEXT,
            "version": {"type": "integer"},
            "request_id": _TEXT,
        },
    },
    "Error": {
        "type": "object",
        "required": ["mood", "error", "detail"],
        "properties": {
            "mood": {"type": "null"},
            "error": {"type": "string", "description": "A word for programs."},
            "detail": {"type": "string", "description": "Words for people."},
        },
    },
    "ServingRequest": {
        "type": "object",
        "description": "TensorFlow Serving's rows (instances) or columns (inputs).",
        "properties": {
            "signature_name": {
                "type": "string",
                "enum": [
                    signatures.SERVE_IMAGE,
                    signatures.SERVE_BOX,
                    signatures.SERVE_EXAMPLE,
                ],
            },
            "instances": {"type": "array", "items": {}},
            "inputs": {},
        },
    },
    "ServingAnswer": {
        "type": "object",
        "properties": {"predictions": {"type": "array", "items": {}}, "outputs": {}},
    },
    "ServingError": {"type": "object", "properties": {"error": _TEXT}},
}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _answers(good: dict[str, Any], error: str, **more: str) -> dict[str, Any]:
    words = {
        "400": "Not a request of this form.",
        "401": "No token, or a wrong one.",
        "408": "The body came too slowly.",
        "413": "Too many bytes, or too many pixels.",
        "429": "Too many photos in a second.",
        "502": "The model has failed.",
        "503": "No room, or the model is not there. Try again.",
        "504": "The model took too long.",
    } | more
    answers: dict[str, Any] = {"200": good}
    for code, text in sorted(words.items()):
        answers[code] = {"description": text, "content": _content(error)}
        if code in ("429", "503"):
            answers[code]["headers"] = _RETRY
    return answers


def _mood() -> dict[str, Any]:
    form = {
        "type": "object",
        "required": ["photo"],
        "properties": {"photo": {"type": "string", "format": "binary"}, "box": _BOX_TEXT},
    }
    answers = _answers(
        {"description": "The photo's mood.", "content": _content("Mood")},
        "Error",
        **{"415": "Not a photo, or of a format that is not read."},
    )
    # Of the model's own refusals the answer has the status.
    answers["422"] = {
        "description": "The photo is damaged, or the box is none or lies outside of it.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/Error"},
                        {"$ref": "#/components/schemas/Mood"},
                    ]
                }
            }
        },
    }
    return {
        "operationId": "mood",
        "summary": "The mood of the animal in a photo.",
        "parameters": [{"name": "box", "in": "query", "schema": _BOX_TEXT}],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": answers,
        "security": [{}, {"token": []}],
    }


def _predict() -> dict[str, Any]:
    return {
        "operationId": "predict",
        "summary": "TensorFlow Serving's predict, with the same signatures.",
        "parameters": [{"name": "model", "in": "path", "required": True, "schema": _TEXT}],
        "requestBody": {"required": True, "content": _content("ServingRequest")},
        "responses": _answers(
            {"description": "A row for each photo.", "content": _content("ServingAnswer")},
            "ServingError",
            **{"404": "No such model, version or label."},
        ),
        "security": [{}, {"token": []}],
    }


def _plain(operation: str, summary: str, kind: str, failing: str = "") -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": "Yes.", "content": {kind: {}}}}
    if failing:
        answers[failing] = {"description": "No.", "content": _content("Error")}
    return {"get": {"operationId": operation, "summary": summary, "responses": answers}}


@functools.cache
def description() -> dict[str, Any]:
    """Returns the document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pet mood", "version": VERSION},
        "paths": {
            "/v1/mood": {"post": _mood()},
            "/v1/models/{model}:predict": {"post": _predict()},
            "/healthz": _plain("health", "Whether the gateway runs.", "application/json"),
            "/readyz": _plain("ready", "Whether the model is there.", "application/json", "503"),
            "/metrics": _plain("metrics", "Figures for Prometheus.", "text/plain", "401"),
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
