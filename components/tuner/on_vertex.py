"""The Tuner on several machines of Vertex AI."""

from tfx.extensions.google_cloud_ai_platform.trainer import executor as vertex_trainer

from components.tuner import executor


class Executor(vertex_trainer.GenericExecutor):
    """Starts a custom job with the Tuner's executor on each machine, and waits for its end."""

    def _GetExecutorClass(self) -> type:
        return executor.Executor
