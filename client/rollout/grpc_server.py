"""A server's versions over gRPC: ModelService, and PredictionService for what a label means."""

from typing import Any

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from client.backends.address import Address
from client.backends.connection import Connection
from client.backends.errors import ServerError
from client.backends.failures import Failures
from client.backends.grpc_transport import open_channel
from client.rollout.server import RefusedError, VersionState
from system.printable import printable

_MAX_BYTES = 4 << 20
"""Of an answer: the metadata hold the signatures."""
_RELOAD_SECONDS = 600.0
"""A server answers once models that are new to it are loaded."""
_UNAVAILABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_NO_SUCH = (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
"""No such model or version; no such label."""


class GrpcServer:
    """A ``client.rollout.server.Server``."""

    def __init__(self, address: Address, timeout: float, connection: Connection) -> None:
        """Prepares the channel; gRPC connects with the first request."""
        self.url = address.url
        self._model, self._timeout = address.model, timeout
        self._failures = Failures(address, timeout, connection)
        token = connection.token
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()
        channel = open_channel(address.host, connection, _MAX_BYTES)
        self._models = model_service_pb2_grpc.ModelServiceStub(channel)
        self._predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)

    def states(self) -> dict[int, VersionState]:
        """See ``Server``."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = self._model
        try:
            reply = self._call(self._models.GetModelStatus, request)
        except LookupError:
            return {}
        names = get_model_status_pb2.ModelVersionStatus.State
        return {
            each.version: VersionState(names.Name(each.state), each.status.error_message)
            for each in reply.model_version_status
        }

    def version_of(self, label: str) -> int | None:
        """See ``Server``."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = self._model
        request.model_spec.version_label = label
        try:
            reply = self._call(self._predictions.GetModelMetadata, request)
        except LookupError:
            return None
        return int(reply.model_spec.version.value)

    def reload(self, config: Any) -> bool:
        """See ``Server``."""
        request = model_management_pb2.ReloadConfigRequest(config=config)
        try:
            reply = self._models.HandleReloadConfigRequest(
                request, timeout=_RELOAD_SECONDS, metadata=self._metadata
            )
        except grpc.RpcError as error:
            if error.code() not in (*_UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED,
                                    grpc.StatusCode.UNAUTHENTICATED):  # fmt: skip
                raise self._refused(error.details() or error.code().name) from error
            raise self._error(error) from error
        # A status in the answer, a status of the call, or both: releases differ.
        if reply.status.error_code:
            raise self._refused(reply.status.error_message)
        return True

    def _call(self, method: Any, request: Any) -> Any:
        """Returns the answer; raises LookupError where there is no such model or label."""
        try:
            return method(request, timeout=self._timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            if error.code() in _NO_SUCH:
                raise LookupError from error
            raise self._error(error) from error

    def _error(self, error: grpc.RpcError) -> ServerError:
        cause = f"{error.code().name}: {error.details()}"
        if error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            return self._failures.not_allowed(cause)
        return self._failures.busy(cause)

    def _refused(self, cause: str) -> RefusedError:
        return RefusedError(f"{self.url} does not take the configuration: {printable(cause)}")
