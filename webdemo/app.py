"""The demo's web application: a page, its files, and two requests to a model.

``POST /ask?box=y,x,height,width`` with a photo file's bytes as its body returns the prediction,
the likeliest mood first:

    {"mood": "행복/즐거움", "mood_id": "happy", "unsure": false,
     "moods": [{"name": …, "english": …, "probability": 0.91}, …],
     "box": [80, 60, 420, 420], "box_source": "found", "found": 0.93}

``POST /heat?box=…&mood=…`` with the same body returns the heat map of a mood
(``client.predict.occlusion.HeatMap``), whose cells are all 0 where covering costs nothing:

    {"cells": [[0.0, 1.0, …], …], "before": 0.91, "after": 0.12}

Without a box the model looks for the animal, or takes the whole photo if it has no locator; ``box``
and ``box_source`` tell. The heat map then is that of the whole photo. An error is
``{"mood": null, "error": …, "detail": …, "ko": …, "en": …}`` with a status of 4xx or 5xx. A 503
has ``Retry-After``.
"""

import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from client.backends.errors import ServerError
from client.backends.model import Model
from client.predict.occlusion import OcclusionError, heat_map
from client.predict.pictures import upright_picture
from client.predict.predict_batches import predict_one
from client.predict.predictions import FailedPrediction, likeliest_moods
from dataset.boxes import MAX_OVERHANG, BoxError, PixelBox, clip_box, parse_box
from dataset.photos.parsed import PhotoError
from schemas.labels import MOODS_IN_ENGLISH
from system.web.guard import Guard
from system.web.outcomes import ANSWERED, HUNG_UP, OutcomeCounts
from system.web.refusals import UNEXPECTED, RefusedError
from system.web.uploads import Uploads
from webdemo.limits import Limits
from webdemo.messages import NO_HEAT, NO_SUCH_ADDRESS, SERVER_DOWN, UNKNOWN_LABEL
from webdemo.model_work import HungUpError, ModelWork
from webdemo.responses import error_response, public_name, refusal_response

_FILES = Path(__file__).with_name("page")
_CLIENT_CLOSED = 499
"""Status of an answer that nobody receives, as nginx counts it."""

_PhotoHandler = Callable[
    [Model, bytes, PixelBox | None, Mapping[str, str]], Response | FailedPrediction
]
"""Handles a request with a photo: (model, photo, box, query parameters)."""


def create_app(
    model: Model,
    allowed_hosts: Iterable[str] = (),
    limits: Limits | None = None,
    log: OutcomeCounts | None = None,
) -> Guard:
    """Returns the application around a model.

    Args:
      model: several threads may use it at once.
      allowed_hosts: names, beside this machine's own, that ``Host`` may have
        (``system.web.guard``).
      limits: None takes the defaults.
      log: counts the requests.
    """
    limits, log = limits or Limits(), log or OutcomeCounts()
    photos = _Photos(model, limits, log)
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/model", partial(_model_info, model)),
            Route("/ask", photos.endpoint(_predict), methods=["POST"]),
            Route("/heat", photos.endpoint(_heat), methods=["POST"]),
            Mount("/page", StaticFiles(directory=_FILES)),
        ],
        exception_handlers={HTTPException: _http_error, Exception: _unexpected},
    )
    return Guard(app, allowed_hosts, log, refusal_response)


def _page(request: Request) -> Response:
    return FileResponse(_FILES / "page.html")


def _model_info(model: Model, request: Request) -> Response:
    source = public_name(model.info.source)
    told = {"source": source, "moods": model.info.mood_names}
    return JSONResponse({**told, "trained_on": model.info.trained_on})


def _http_error(request: Request, error: Exception) -> Response:
    """Answers what the routes do not know."""
    assert isinstance(error, HTTPException)
    response = error_response(error.status_code, NO_SUCH_ADDRESS)
    response.headers.update(error.headers or {})
    return response


def _unexpected(request: Request, error: Exception) -> Response:
    """Answers an exception outside of the endpoints below; ``Guard`` counts and writes it."""
    return error_response(500, UNEXPECTED)


class _Photos:
    """Endpoints that read a photo and a box for a handler."""

    def __init__(self, model: Model, limits: Limits, log: OutcomeCounts) -> None:
        self._uploads = Uploads(limits)
        self._work = ModelWork(model, limits)
        self._log = log

    def endpoint(self, handler: _PhotoHandler) -> Callable[[Request], Awaitable[Response]]:
        """Returns an endpoint that reads the photo, waits for the model and calls the handler."""

        async def endpoint(request: Request) -> Response:
            try:
                with self._uploads.upload() as upload:
                    photo = await upload.read(request)
                    task = partial(
                        self._handle, handler, photo=photo, parameters=request.query_params
                    )
                    return await self._work.run(request, task)
            except RefusedError as refusal:
                self._log.record(refusal.error)
                return refusal_response(refusal)
            except (HungUpError, ClientDisconnect):
                self._log.record(HUNG_UP)
                return Response(status_code=_CLIENT_CLOSED)

        return endpoint

    def _handle(
        self, handler: _PhotoHandler, model: Model, photo: bytes, parameters: Mapping[str, str]
    ) -> Response:
        """Calls a handler and turns its errors into responses."""
        try:
            box = parse_box(parameters["box"]) if "box" in parameters else None
            response = handler(model, photo, box, parameters)
        except (PhotoError, BoxError) as error:
            return self._failed(422, error.reason.value, str(error))
        except OcclusionError as error:
            return self._failed(422, NO_HEAT, str(error))
        except ServerError as error:
            # Visitors need not know which server it is.
            return self._failed(502, SERVER_DOWN, log_text=str(error))
        except HungUpError:
            raise
        except Exception as error:
            # A decoder's own fault, or no memory for a picture: this request's, not the demo's.
            return self._failed(
                500, UNEXPECTED, type(error).__name__, log_text=traceback.format_exc()
            )
        if isinstance(response, FailedPrediction):
            return self._failed(422, response.error, response.detail)
        self._log.record(ANSWERED)
        return response

    def _failed(self, status: int, error: str, detail: str = "", *, log_text: str = "") -> Response:
        self._log.record(error, log_text)
        return error_response(status, error, detail)


def _predict(
    model: Model, photo: bytes, box: PixelBox | None, parameters: Mapping[str, str]
) -> Response | FailedPrediction:
    outcome = predict_one(model, "the picture", photo, box)
    if isinstance(outcome, FailedPrediction):
        return outcome
    moods = [
        {"name": name, "english": MOODS_IN_ENGLISH.get(name, ""), "probability": probability}
        for name, probability in likeliest_moods(outcome, len(outcome.probabilities))
    ]
    told = {
        "mood": outcome.mood,
        "mood_id": outcome.mood_id,
        "unsure": outcome.unsure,
        "box": outcome.box,
        "box_source": outcome.box_source,
        "found": outcome.found,
    }
    return JSONResponse({**told, "moods": moods})


def _heat(
    model: Model, photo: bytes, box: PixelBox | None, parameters: Mapping[str, str]
) -> Response | FailedPrediction:
    mood = parameters.get("mood", "")
    if mood not in model.info.mood_names:
        known = ", ".join(model.info.mood_names)
        detail = f"the mood must be one of {known}. Received: {mood!r}"
        return FailedPrediction("", UNKNOWN_LABEL, detail)
    picture = upright_picture(photo)
    if box is not None:
        part = clip_box(box, MAX_OVERHANG, picture.height, picture.width)
        if part != box:
            # The model decides whether it takes the box. From its part it gets the same pixels.
            outcome = predict_one(model, "the picture", photo, box)
            if isinstance(outcome, FailedPrediction):
                return outcome
            box = part
    heat = heat_map(model, picture, box, mood)
    return JSONResponse({"cells": heat.cells.tolist(), "before": heat.before, "after": heat.after})
