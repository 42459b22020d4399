"""What holds for every workflow, and that the one that deploys waits for all that is looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / ".github" / "workflows"
NAMES: Final = sorted(path.name for path in FOLDER.glob("*.yml"))
PINNED: Final = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def workflow(name: str) -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in workflow(name)["jobs"].values():
        yield from job["steps"]


def triggers(name: str) -> dict[str, Any]:
    told: dict[str, Any] = workflow(name)[True]  # YAML's `on`
    return told


@pytest.mark.parametrize("name", NAMES)
def test_an_action_is_pinned_by_its_revision_and_says_its_version(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    used = re.findall(r"uses: .*", text)
    assert [use for use in used if not PINNED.fullmatch(use)] == []
    assert len(used) == sum("uses" in step for step in steps(name)), "each one is on a line of its own"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_permitted_but_reading_the_checkout(name: str) -> None:
    told = workflow(name)
    assert told["permissions"] == {}
    for job in told["jobs"].values():
        assert job.get("permissions", {}) in ({}, {"contents": "read"})
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", NAMES)
def test_every_job_ends_and_two_of_a_kind_do_not_meet(name: str) -> None:
    told = workflow(name)
    assert all(0 < job["timeout-minutes"] <= 60 for job in told["jobs"].values())
    assert all((told.get("concurrency") or job["concurrency"])["group"] for job in told["jobs"].values())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_others_write_becomes_a_command(name: str) -> None:
    assert not {"pull_request_target", "issue_comment", "issues"} & {*triggers(name)}
    assert [step["run"] for step in steps(name) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_host_is_believed_for_what_it_says_of_itself(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.search(r"\bssh(-keyscan)?\b", text), "scripts/tell-vm alone speaks to the machine"


def test_the_last_job_of_ci_waits_for_all_others() -> None:
    jobs = workflow("ci.yml")["jobs"]
    assert {*jobs["ci"]["needs"]} == {*jobs} - {"ci"}
    assert jobs["ci"]["if"] == "always()", "a job that was skipped would count as good"


def test_ci_looks_at_main_to_the_end_and_at_branches_only_at_their_newest() -> None:
    concurrency = workflow("ci.yml")["concurrency"]
    assert concurrency["cancel-in-progress"] == "${{ github.ref != 'refs/heads/main' }}"


def test_on_main_ci_ends_in_the_order_of_the_pushes() -> None:
    """Otherwise the deploy of an older revision would push out that of a newer one that waits."""
    assert workflow("ci.yml")["concurrency"]["group"] == "ci-${{ github.ref }}"


def test_a_run_that_deploys_nothing_does_not_push_out_one_that_waits_to_deploy() -> None:
    """A workflow's group is entered before `if` is looked at, a job's afterwards."""
    told = workflow("deploy.yml")
    assert "concurrency" not in told
    assert told["jobs"]["deploy"]["concurrency"] == {"group": "production", "cancel-in-progress": False}


def test_a_rollback_does_not_wait_for_a_deploy_that_waits_for_its_reviewer() -> None:
    told = workflow("rollback.yml")
    assert "concurrency" not in told
    assert told["jobs"]["rollback"]["concurrency"]["group"] != "production"


def test_ci_runs_the_python_that_the_services_ask_for() -> None:
    versions = {step["with"]["python-version"] for step in steps("ci.yml") if "setup-python" in step.get("uses", "")}
    assert versions == {"3.11"}


def test_ci_runs_the_scripts_that_a_laptop_runs() -> None:
    commands = {step["run"].split(" #")[0] for step in steps("ci.yml") if step.get("run", "").startswith("scripts/")}
    assert {"scripts/check", "scripts/test --all tests", "scripts/scan"} <= commands
    assert all((ROOT / command.split()[0]).exists() for command in commands)


def test_ci_names_every_suite_of_containers_so_that_none_is_skipped() -> None:
    (command,) = [step["run"] for step in steps("ci.yml") if "scripts/e2e" in step.get("run", "")]
    (suites,) = re.findall(r"^all=\((.*)\)$", (ROOT / "scripts/e2e").read_text(encoding="utf-8"), re.MULTILINE)
    # GitHub runs the workflows itself.
    assert {*command.split("scripts/e2e ")[1].split()} == {*suites.split()} - {"workflows"}


def test_a_deploy_waits_for_ci_of_a_push_to_main() -> None:
    assert triggers("deploy.yml") == {
        "workflow_run": {"workflows": ["ci"], "types": ["completed"], "branches": ["main"]}
    }
    (job,) = workflow("deploy.yml")["jobs"].values()
    assert "github.event.workflow_run.conclusion == 'success'" in job["if"]
    assert "github.event.workflow_run.event == 'push'" in job["if"]
    assert job["environment"] == "production"


@pytest.mark.parametrize(("name", "sentence"), [("deploy.yml", '"deploy $SHA"'), ("rollback.yml", "rollback")])
def test_the_key_is_given_to_the_one_script_that_says_the_sentence(name: str, sentence: str) -> None:
    (job,) = workflow(name)["jobs"].values()
    assert job["environment"] == "production"
    assert "secrets." not in str(job["env"])
    assert [step["run"] for step in steps(name) if "secrets." in str(step)] == [f"scripts/tell-vm {sentence}"]
