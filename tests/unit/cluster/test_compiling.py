"""The compiled specification: Kubeflow's own code reads it, and it changes only on purpose."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2

from cluster import check_node, compiling, report_node
from cluster.cluster_request import ClusterRequest
from pipeline import nodes
from pipeline.container import refusals
from schemas.errors import ConfigError
from testing.pipeline.cluster_request import VERTEX, request

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).with_name("golden_spec.yaml")
ACCEPT = "ACCEPT_SPEC"
ALL_NODES = {
    *(nodes.EXAMPLE_GEN, nodes.STATISTICS_GEN, nodes.SCHEMA_GEN, nodes.EXAMPLE_VALIDATOR),
    *(nodes.BOX_VALIDATOR, nodes.LEAK_CHECK, nodes.DATA_GATE, nodes.TRANSFORM, nodes.TRAINER),
    *(nodes.LAST_BLESSED, nodes.EVALUATOR, nodes.SERVABLE_CHECK, nodes.PUSHER),
    *report_node.TASKS,
    check_node.TASK,
}
WITH_GPU = {nodes.TRAINER, nodes.EVALUATOR, nodes.BULK_INFERRER}
GPU = "reg/p/pet/pipeline:2026-01-31-gpu"


def job_of(cluster_request: ClusterRequest) -> dict[str, Any]:
    return compiling.compile_pipeline(
        cluster_request.settings(),
        cluster_request.inputs(),
        cluster_request.image,
        gpu_image=cluster_request.gpu_image,
        scheduled=bool(cluster_request.schedule),
        project=cluster_request.project,
        region=cluster_request.region,
        service_account=cluster_request.service_account,
    )


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    return job_of(
        request(
            *("cluster.gpu_type=NVIDIA_L4", "cluster.gpus=2", "cluster.always_run=Trainer"),
            gpu_image=GPU,
            predict_csv="new.csv",
        )
    )


def container(job: dict[str, Any], node: str) -> dict[str, Any]:
    executors = job["pipelineSpec"]["deploymentSpec"]["executors"]
    node_container: dict[str, Any] = executors[f"{node}_executor"]["container"]
    return node_container


def tasks(job: dict[str, Any]) -> dict[str, Any]:
    tasks_by_node: dict[str, Any] = job["pipelineSpec"]["root"]["dag"]["tasks"]
    return tasks_by_node


def test_kubeflows_own_loader_takes_it(job: dict[str, Any], tmp_path: Path) -> None:
    _, spec_yaml = compiling.write(job, tmp_path)
    loaded = components.load_component_from_file(str(spec_yaml))
    assert loaded.name == "pet-mood"
    assert set(report_node.TASKS) <= set(yaml.safe_load(spec_yaml.read_text("utf-8"))["components"])
    assert set(loaded.component_spec.inputs) == {"data_root", "data_version"}
    assert loaded.component_spec.inputs["data_root"].default == "gs://b/data"


def test_it_is_a_pipeline_spec_with_every_node(job: dict[str, Any]) -> None:
    spec = json_format.ParseDict(job["pipelineSpec"], pipeline_spec_pb2.PipelineSpec())
    assert set(spec.root.dag.tasks) == ALL_NODES | {nodes.UNLABELLED_GEN, nodes.BULK_INFERRER}
    assert spec.schema_version == "2.1.0"


def test_rows_without_moods_get_a_node_that_reads_them_and_one_that_predicts() -> None:
    with_predict_csv = tasks(job_of(request(predict_csv="new.csv")))
    assert set(with_predict_csv) == ALL_NODES | {nodes.UNLABELLED_GEN, nodes.BULK_INFERRER}
    bulk_inferrer = with_predict_csv[nodes.BULK_INFERRER]
    assert nodes.PUSHER in bulk_inferrer["dependentTasks"]
    assert {"model_blessing", "infra_blessing"} <= set(bulk_inferrer["inputs"]["artifacts"])


def test_nodes_with_a_gpu_run_in_its_image_and_all_others_in_the_other(
    job: dict[str, Any],
) -> None:
    images = {node: container(job, node)["image"] for node in tasks(job)}
    assert {node for node, image in images.items() if image == GPU} == WITH_GPU
    assert set(images.values()) == {GPU, request().image}


def parameter(job: dict[str, Any], node: str, name: str) -> Any:
    """Returns a parameter of a node, which is JSON."""
    value = tasks(job)[node]["inputs"]["parameters"][name]
    return json.loads(value["runtimeValue"]["constant"])


def test_what_chooses_is_the_validation_split_where_there_is_one() -> None:
    trials = "tune.trials=2"
    for given, chosen_on, csvs in (
        (request(trials), "eval", {"train": "train.csv", "eval": "val.csv"}),
        (
            request(trials, validation_csv="choice.csv"),
            "validation",
            {"train": "train.csv", "validation": "choice.csv", "eval": "val.csv"},
        ),
        (
            request(trials, "data.validation_fraction=0.1", eval_csv=None),
            "validation",
            {"all": "train.csv"},
        ),
    ):
        job = job_of(given)
        for node in (nodes.TUNER, nodes.TRAINER):
            assert parameter(job, node, "train_args")["splits"] == ["train"]
            assert parameter(job, node, "eval_args")["splits"] == [chosen_on]
        splits = parameter(job, nodes.EXAMPLE_GEN, "input_config")["splits"]
        assert {split["name"]: split["pattern"] for split in splits} == csvs
        ingest = parameter(job, nodes.EXAMPLE_GEN, "ingest")
        assert ingest["data"]["validation_fraction"] == (0.1 if "all" in csvs else 0)


def test_the_training_gets_all_gpus_and_what_predicts_gets_one(job: dict[str, Any]) -> None:
    resources = {node: container(job, node)["resources"] for node in tasks(job)}
    gpus = {
        node: each["accelerator"]["count"] for node, each in resources.items()
        if "accelerator" in each
    }  # fmt: skip
    assert gpus == {nodes.TRAINER: "2", nodes.EVALUATOR: "1", nodes.BULK_INFERRER: "1"}
    assert resources[nodes.TRAINER] == {
        "cpuLimit": 8.0,
        "memoryLimit": 30.0,
        "accelerator": {"type": "NVIDIA_L4", "count": "2"},
    }


def test_the_training_must_see_the_gpus_that_it_was_given(job: dict[str, Any]) -> None:
    assert _training_config(job)["gpus"] == 2
    assert _training_config(job_of(request()))["gpus"] == 0


def _training_config(job: dict[str, Any]) -> dict[str, Any]:
    parameters = tasks(job)[nodes.TRAINER]["inputs"]["parameters"]
    config: dict[str, Any] = json.loads(parameters["custom_config"]["runtimeValue"]["constant"])
    return config


def test_a_node_is_retried_twice_but_for_what_says_the_same_again(job: dict[str, Any]) -> None:
    policies = {name: task.get("retryPolicy") for name, task in tasks(job).items()}
    once = (nodes.DATA_GATE, check_node.TASK)
    assert [policies.pop(name) for name in once] == [None, None]
    for name, policy in policies.items():
        variables = {each["name"]: each["value"] for each in container(job, name).get("env", ())}
        assert variables == ({} if name in report_node.TASKS else {refusals.RETRIES: "2"})
        assert policy == {
            "maxRetryCount": 2,
            "backoffDuration": "60s",
            "backoffFactor": 2.0,
        }


def test_the_first_task_checks_what_all_others_need(job: dict[str, Any]) -> None:
    roots = {name for name, task in tasks(job).items() if not task.get("dependentTasks")}
    assert roots == {check_node.TASK}
    values = tasks(job)[check_node.TASK]["inputs"]["parameters"]
    places = json.loads(values[check_node.PLACES]["runtimeValue"]["constant"])
    assert places == {
        "root": "gs://b/runs",
        "serving": "gs://b/serving/pet_mood",
        "labelled": ["train.csv", "val.csv"],
        "unlabelled": ["new.csv"],
        "moods": 6,
    }
    # A run may be given another one.
    assert values["data_root"] == {"componentInputParameter": "data_root"}


def _never_reused(job: dict[str, Any]) -> set[str]:
    return {name for name, task in tasks(job).items() if not task["cachingOptions"]["enableCache"]}


def test_a_node_is_reused_unless_the_settings_or_a_schedule_say_otherwise(
    job: dict[str, Any],
) -> None:
    always = {nodes.LAST_BLESSED, check_node.TASK}
    assert _never_reused(job) == {*always, nodes.TRAINER}
    weekly = job_of(request(schedule="0 3 * * 1", predict_csv="new.csv", **VERTEX))
    reading = {nodes.EXAMPLE_GEN, nodes.UNLABELLED_GEN}
    assert _never_reused(weekly) == {*always, *reading}
    newest = job_of(request(train_csv="w/{SPAN}/train.csv", predict_csv="new.csv"))
    assert _never_reused(newest) == {*always, *reading}


def test_the_reports_are_drawn_by_the_clusters_pages_and_do_not_wait_for_the_gate(
    job: dict[str, Any],
) -> None:
    spec = job["pipelineSpec"]
    kinds = {
        name: {
            key: definition["artifactType"]["schemaTitle"]
            for key, definition in spec["components"][name]["outputDefinitions"][
                "artifacts"
            ].items()
        }
        for name in report_node.TASKS
    }
    data = {"figures": "system.Metrics", "page": "system.HTML"}
    assert kinds == {
        "DataReport": data,
        "Report": data | {"confusion": "system.ClassificationMetrics"},
    }
    before = {report_node.DATA_REPORT}
    while (
        more := {each for name in before for each in tasks(job)[name].get("dependentTasks", ())}
        - before
    ):
        before |= more
    assert nodes.DATA_GATE not in before
    assert nodes.PUSHER in tasks(job)[report_node.REPORT]["dependentTasks"]


def test_several_machines_are_a_custom_job() -> None:
    job = job_of(
        request(
            *("cluster.machines=3", "cluster.gpu_type=NVIDIA_L4"),
            service_account="a@p",
            gpu_image=GPU,
            **VERTEX,
        )
    )
    parameters = tasks(job)[nodes.TRAINER]["inputs"]["parameters"]
    config = json.loads(parameters["custom_config"]["runtimeValue"]["constant"])
    job_spec = config["ai_platform_training_args"]["job_spec"]
    assert job_spec["service_account"] == "a@p"
    pools = job_spec["worker_pool_specs"]
    assert [pool["replica_count"] for pool in pools] == [1, 2]
    assert {pool["container_spec"]["image_uri"] for pool in pools} == {GPU}
    assert pools[0]["machine_spec"] == {
        "machine_type": "g2-standard-8",
        "accelerator_type": "NVIDIA_L4",
        "accelerator_count": 1,
    }
    trainer = container(job, nodes.TRAINER)
    assert "google_cloud_ai_platform.trainer.executor.GenericExecutor" in " ".join(trainer["args"])
    assert "accelerator" not in trainer["resources"]  # The node only waits for the job.
    one_machine = tasks(job_of(request()))[nodes.TRAINER]["inputs"]["parameters"]["custom_config"]
    assert "worker_pool_specs" not in json.dumps(one_machine)


def test_a_pushed_model_goes_to_an_endpoint_too_where_there_is_one() -> None:
    overrides = ("cluster.endpoint=moods", "cluster.endpoint_image=reg/serving:2")
    with pytest.raises(ConfigError, match=r"cluster\.endpoint is an endpoint of Vertex AI"):
        request(*overrides).settings()
    with_endpoint = tasks(job_of(request(*overrides, **VERTEX)))
    assert set(with_endpoint) == ALL_NODES | {nodes.ENDPOINT_PUSHER}
    node = with_endpoint[nodes.ENDPOINT_PUSHER]
    assert nodes.PUSHER in node["dependentTasks"]
    assert {"model", "model_blessing", "infra_blessing"} == set(node["inputs"]["artifacts"])
    config = node["inputs"]["parameters"]["custom_config"]["runtimeValue"]["constant"]
    assert json.loads(config) == {
        "ai_platform_enable_vertex": True,
        "ai_platform_vertex_region": "r",
        "ai_platform_vertex_container_image_uri": "reg/serving:2",
        "ai_platform_serving_args": {
            "project": "p",
            "endpoint_name": "moods",
            "machine_type": "n1-standard-4",
        },
    }


def test_the_specification_is_the_accepted_one() -> None:
    job = job_of(request())
    text = yaml.safe_dump(_comparable(job["pipelineSpec"]), allow_unicode=True, sort_keys=True)
    if os.environ.get(ACCEPT):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text("utf-8"), (
        f"The compiled pipeline has changed. If that is meant: {ACCEPT}=1 uv run pytest "
        "tests/unit/cluster, look at the difference, and commit it"
    )


def _comparable(spec: dict[str, Any]) -> dict[str, Any]:
    """Returns the spec without code versions, TFX's version and TFDV's unset options."""
    text = json.dumps(spec, ensure_ascii=False)
    for task in spec["root"]["dag"]["tasks"].values():
        for name, value in task.get("inputs", {}).get("parameters", {}).items():
            constant = value.get("runtimeValue", {}).get("constant")
            if name == "code":
                text = text.replace(json.dumps(constant), '"CODE"')
            elif name == "stats_options_json":
                text = text.replace(json.dumps(constant), json.dumps(_set_options(constant)))
            elif name in ("custom_config", "ingest") and isinstance(constant, str):
                code = (json.loads(constant) or {}).get("code")
                text = text.replace(str(code), "CODE") if code else text
    result: dict[str, Any] = json.loads(text)
    result["sdkVersion"] = "tfx"
    return result


def _set_options(options: str) -> str:
    """Returns TFDV's options without those that are not set, which differ between versions."""
    return json.dumps(
        {key: value for key, value in json.loads(options).items() if value is not None}
    )
