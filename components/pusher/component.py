"""Pusher: TFX's component with an executor that pushes atomically."""

from tfx.components.pusher import component
from tfx.dsl.components.base import executor_spec

from components.pusher import executor


class Pusher(component.Pusher):
    """Pushes a blessed, servable model; see ``components.pusher.executor``."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(executor.Executor)
