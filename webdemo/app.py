"""The demo's web application: a page, its files, and two questions to a model.

``POST /ask?box=y,x,height,width`` with a file's bytes answers

    {"mood": "행복/즐거움", "moods": [{"name": …, "english": …, "probability": 0.91}, …]}

the likeliest first, and ``POST /heat?box=…&mood=…`` where the mood was found:

    {"cells": [[0.0, 1.0, …], …], "before": 0.91, "after": 0.12}

Without a box both are about the whole picture. What cannot be answered is
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
from client.predict.occlusion import CoveredError, heat_map
from client.predict.pictures import upright
from client.predict.predictions import FailedPrediction, best
from client.predict.predictor import predict_one
from dataset.boxes import BoxError, PixelBox, check_box, parse_box
from dataset.decoding import PhotoError
from schemas.labels import MOODS_IN_ENGLISH
from webdemo.messages import NO_HEAT, SERVER_DOWN, UNKNOWN_LABEL, UPLOAD_TOO_LARGE, WORDS

MAX_BYTES = 64 << 20

_FILES = Path(__file__).with_name("page")
_HEADERS = {
    # The browser itself holds the page to asking this program alone.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src blob: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}

_Answer = Callable[[Model, bytes, PixelBox | None, Mapping[str, str]], Response]


def app_of(model: Model) -> Starlette:
    """Returns the application around a model; it may be asked by several threads at once."""
    return Starlette(
        routes=[
            Route("/", _page),
            Route("/model", partial(_info, model)),
            Route("/ask", _asking(model, _predict), methods=["POST"]),
            Route("/heat", _asking(model, _heat), methods=["POST"]),
            Mount("/page", StaticFiles(directory=_FILES)),
        ]
    )


def _page(request: Request) -> Response:
    return FileResponse(_FILES / "page.html", headers=_HEADERS)


def _info(model: Model, request: Request) -> Response:
    return JSONResponse({"source": model.info.source, "moods": model.info.moods})


def _asking(model: Model, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
    """Returns an endpoint that reads the photo and the box, and says what goes wrong."""

    async def endpoint(request: Request) -> Response:
        photo = bytearray()
        async for part in request.stream():
            photo += part
            if len(photo) > MAX_BYTES:
                return _error(413, UPLOAD_TOO_LARGE, f"the limit is {MAX_BYTES} bytes")
        return await run_in_threadpool(_answered, answer, model, bytes(photo), request.query_params)

    return endpoint


def _answered(answer: _Answer, model: Model, photo: bytes, asked: Mapping[str, str]) -> Response:
    try:
        box = parse_box(asked["box"]) if "box" in asked else None
        return answer(model, photo, box, asked)
    except (PhotoError, BoxError) as error:
        return _error(422, error.reason.value, str(error))
    except CoveredError as error:
        return _error(422, NO_HEAT, str(error))
    except ServerError as error:
        return _error(502, SERVER_DOWN, str(error))


def _predict(
    model: Model, photo: bytes, box: PixelBox | None, asked: Mapping[str, str]
) -> Response:
    row = predict_one(model, "the picture", photo, box)
    if isinstance(row, FailedPrediction):
        return _error(422, row.error, row.detail)
    moods = [
        {"name": name, "english": MOODS_IN_ENGLISH.get(name, ""), "probability": probability}
        for name, probability in best(row, len(row.probabilities))
    ]
    return JSONResponse({"mood": row.mood, "moods": moods})


def _heat(model: Model, photo: bytes, box: PixelBox | None, asked: Mapping[str, str]) -> Response:
    mood = asked.get("mood", "")
    if mood not in model.info.moods:
        return _error(422, UNKNOWN_LABEL, f"it knows {', '.join(model.info.moods)}: {mood!r}")
    picture = upright(photo)
    if box is not None:
        check_box(box, picture.height, picture.width, min_side=1)
    heat = heat_map(model, picture, box, mood)
    return JSONResponse({"cells": heat.cells.tolist(), "before": heat.before, "after": heat.after})


def _error(status: int, error: str, detail: str) -> Response:
    korean, english = WORDS[error]
    return JSONResponse(
        {"mood": None, "error": error, "detail": detail, "ko": korean, "en": english}, status
    )
