"""The demo's web application: a page, its files, and two requests to a model.

``POST /ask?box=y,x,height,width`` with a photo file's bytes as its body returns the prediction,
the likeliest mood first:

    {"mood": "행복/즐거움", "moods": [{"name": …, "english": …, "probability": 0.91}, …]}

``POST /heat?box=…&mood=…`` with the same body returns the heat map of a mood
(``client.predict.occlusion.HeatMap``):

    {"cells": [[0.0, 1.0, …], …], "before": 0.91, "after": 0.12}

Without a box both use the whole photo. An error is
``{"mood": null, "error": …, "detail": …, "ko": …, "en": …}`` with a status of 4xx or 5xx.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from client.backends.errors import ServerError
from client.backends.model import Model
from client.predict.occlusion import OcclusionError, heat_map
from client.predict.pictures import upright_picture
from client.predict.predict_batches import predict_one
from client.predict.predictions import FailedPrediction, likeliest_moods
from dataset.boxes import BoxError, PixelBox, check_box, parse_box
from dataset.photos.parsed import PhotoError
from schemas.labels import MOODS_IN_ENGLISH
from webdemo.messages import MESSAGES, NO_HEAT, SERVER_DOWN, UNKNOWN_LABEL, UPLOAD_TOO_LARGE

MAX_BYTES = 64 << 20
"""Largest photo file."""

_FILES = Path(__file__).with_name("page")
_HEADERS = {
    # The browser itself keeps the page from sending anything to other servers.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src blob: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_PhotoHandler = Callable[[Model, bytes, PixelBox | None, Mapping[str, str]], Response]
"""Handles a request with a photo: (model, photo, box, query parameters)."""


def create_app(model: Model) -> Starlette:
    """Returns the application around a model, which several threads may use at once."""
    return Starlette(
        routes=[
            Route("/", _page),
            Route("/model", partial(_model_info, model)),
            Route("/ask", _photo_endpoint(model, _predict), methods=["POST"]),
            Route("/heat", _photo_endpoint(model, _heat), methods=["POST"]),
            Mount("/page", StaticFiles(directory=_FILES)),
        ]
    )


def _page(request: Request) -> Response:
    return FileResponse(_FILES / "page.html", headers=_HEADERS)


def _model_info(model: Model, request: Request) -> Response:
    return JSONResponse({"source": model.info.source, "moods": model.info.mood_names})


def _photo_endpoint(
    model: Model, handler: _PhotoHandler
) -> Callable[[Request], Awaitable[Response]]:
    """Returns an endpoint that reads the photo and the box for a handler."""

    async def endpoint(request: Request) -> Response:
        photo = bytearray()
        async for chunk in request.stream():
            photo += chunk
            if len(photo) > MAX_BYTES:
                return _error(413, UPLOAD_TOO_LARGE, f"the limit is {MAX_BYTES} bytes")
        return await run_in_threadpool(_handle, handler, model, bytes(photo), request.query_params)

    return endpoint


def _handle(
    handler: _PhotoHandler, model: Model, photo: bytes, parameters: Mapping[str, str]
) -> Response:
    """Calls a handler and turns its errors into responses."""
    try:
        box = parse_box(parameters["box"]) if "box" in parameters else None
        return handler(model, photo, box, parameters)
    except (PhotoError, BoxError) as error:
        return _error(422, error.reason.value, str(error))
    except OcclusionError as error:
        return _error(422, NO_HEAT, str(error))
    except ServerError as error:
        return _error(502, SERVER_DOWN, str(error))


def _predict(
    model: Model, photo: bytes, box: PixelBox | None, parameters: Mapping[str, str]
) -> Response:
    outcome = predict_one(model, "the picture", photo, box)
    if isinstance(outcome, FailedPrediction):
        return _error(422, outcome.error, outcome.detail)
    moods = [
        {"name": name, "english": MOODS_IN_ENGLISH.get(name, ""), "probability": probability}
        for name, probability in likeliest_moods(outcome, len(outcome.probabilities))
    ]
    return JSONResponse({"mood": outcome.mood, "moods": moods})


def _heat(
    model: Model, photo: bytes, box: PixelBox | None, parameters: Mapping[str, str]
) -> Response:
    mood = parameters.get("mood", "")
    if mood not in model.info.mood_names:
        known = ", ".join(model.info.mood_names)
        return _error(422, UNKNOWN_LABEL, f"the mood must be one of {known}. Received: {mood!r}")
    picture = upright_picture(photo)
    if box is not None:
        check_box(box, picture.height, picture.width, min_side=1)
    heat = heat_map(model, picture, box, mood)
    return JSONResponse({"cells": heat.cells.tolist(), "before": heat.before, "after": heat.after})


def _error(status: int, error: str, detail: str) -> Response:
    korean, english = MESSAGES[error]
    return JSONResponse(
        {"mood": None, "error": error, "detail": detail, "ko": korean, "en": english}, status
    )
