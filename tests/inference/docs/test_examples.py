"""The recorded examples: as the document shows them, as its schemas allow, as the running API answers."""

from __future__ import annotations

import json
import math
import re
from itertools import product
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from api_process import running, within
from bundles import VERSION
from online_retail import needs_online_retail
from openapi_document import resolved, responses_of
from serving import CLOCK, InMemoryRanking

from inference.docs.recorded import FOLDER, REQUEST_ID, examples_of
from replay import answer_of, arguments, endpoints, with_version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from pathlib import Path

    import httpx
    from api_process import Running
    from serving import Models, Serve
    from shops import Shop

    from inference.docs.recorded import Example

EXAMPLES = {(endpoint, name): example for endpoint in endpoints() for name, example in examples_of(endpoint).items()}
CUSTOMER_ANSWERS = {name: example["answer"] for name, example in examples_of("predict_churn_by_id").items()}
PROFILE = examples_of("profile")["profile"]["answer"]
# Maps whose keys differ from model to model; their values have one shape.
MAPS = ("/comparison", "/comparison/*", "/quarantined")
# Other in every run: versions, dates, IDs and times, and the gate, which compares with the champion of the moment.
CHANGING = {
    "version", "model_version", "git_revision", "trained_at", "champion_since", "request_id", "milliseconds", "gate",
}  # fmt: skip
OF_THE_RECORDING_ALONE = {"models", "put_champion", "transactions"}  # these need two versions or change the data


class Scored(InMemoryRanking):
    """Four customers of one segment."""

    def __init__(self) -> None:
        figures = {"Frequency": 2, "Monetary": 20.5, "AvgOrderValue": 10.25, "Recency": 3, "Tenure": 40}
        figures["net_monetary"] = 18.5
        names = {"churn_prediction": 0, "evidence": "sparse", "cluster": 0, "segment": "Loyal High-Value"}
        when = {"as_of": CLOCK, "due": CLOCK, "model_version": VERSION}
        super().__init__([{"_id": n, "churn_probability": n / 10, **figures, **names, **when} for n in range(1, 5)])

    async def segments(self) -> Sequence[Mapping[str, Any]]:
        means = {"recency": 3.0, "frequency": 2.0, "churn_probability": 0.25}
        whole = {"cluster": 0, "customers": 4, "flagged": 0, "revenue": 82.0, "model_version": VERSION}
        return [{"_id": "Loyal High-Value", **means, **whole}]


@pytest.fixture
async def small_api(serve: Serve, models: Models) -> AsyncIterator[httpx.AsyncClient]:
    models.publish(VERSION)
    async with serve(ranking=Scored()) as client:
        yield client


@pytest.mark.anyio
async def test_the_running_api_answers_every_example_in_the_recorded_shape(small_api: httpx.AsyncClient) -> None:
    different = set()
    for place, example in EXAMPLES.items():
        answer = answer_of(await small_api.request(**arguments(with_version(example["request"], VERSION))))
        different |= {(*place, where) for where in differences(example["answer"], answer)}

    assert different == set()


def differences(recorded: Any, answer: Any, place: str = "") -> Iterator[str]:
    """Yield the places with other keys or another type; null and an empty list may stand for anything."""
    if place.endswith(MAPS):
        recorded, answer = [*recorded.values()], [*answer.values()]
    if isinstance(recorded, dict) and isinstance(answer, dict) and recorded.keys() == answer.keys():
        for name in recorded:
            yield from differences(recorded[name], answer[name], f"{place}/{name}")
    elif isinstance(recorded, list) and isinstance(answer, list):
        for one, other in product(recorded, answer):
            yield from differences(one, other, f"{place}/*")
    elif None not in (recorded, answer) and (kind(recorded) is not kind(answer) or isinstance(answer, dict)):
        yield place


def is_number(value: object) -> bool:
    return type(value) in {int, float}


def kind(value: object) -> type:
    return float if type(value) is int else type(value)


@pytest.mark.anyio
async def test_the_document_shows_every_example_nulls_included(small_api: httpx.AsyncClient) -> None:
    document = (await small_api.get("/openapi.json")).json()
    shown = [value for _, value in shown_examples(document)]

    for example in EXAMPLES.values():
        assert example["answer"] in shown
        assert example["request"].get("body", example["answer"]) in shown


@pytest.mark.anyio
async def test_every_example_of_the_document_fits_its_schema(small_api: httpx.AsyncClient) -> None:
    document = (await small_api.get("/openapi.json")).json()
    components = json.loads(json.dumps(document["components"]))
    found = list(shown_examples(document))

    errors = [
        f"{error.message} in {json.dumps(value)[:80]}"
        for schema, value in found
        for error in jsonschema_rs.Draft202012Validator({**schema, "components": components}).iter_errors(value)
    ]
    assert len(found) >= 200
    assert errors == []


def shown_examples(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the schema and the value of each example of a body, and of each parameter."""
    for operation in (each for path in document["paths"].values() for each in path.values()):
        described = [operation.get("requestBody", {}), *responses_of(document, operation).values()]
        for content in (media for each in described for media in each.get("content", {}).values()):
            for example in content.get("examples", {}).values():
                yield content["schema"], resolved(document, example)["value"]
        for parameter in operation.get("parameters", ()):
            yield from ((parameter["schema"], value) for value in parameter["schema"].get("examples", ()))


def test_every_file_of_examples_belongs_to_an_endpoint() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(endpoints())
    assert len(EXAMPLES) >= 20


@pytest.mark.parametrize("name", ["now", "once"])
def test_the_reasons_of_the_recorded_predictions_add_up(name: str) -> None:
    prediction, explanation = CUSTOMER_ANSWERS[name]["prediction"], CUSTOMER_ANSWERS[name]["explanation"]
    probability = prediction["churn_probability"]

    total = explanation["base_log_odds"] + math.fsum(each["contribution"] for each in explanation["contributions"])
    assert abs(total - math.log(probability / (1 - probability))) <= 1e-9


def test_the_recorded_profile_agrees_with_the_prediction_and_with_itself() -> None:
    assert {name: PROFILE[name] for name in CUSTOMER_ANSWERS["now"]} == CUSTOMER_ANSWERS["now"]
    assert PROFILE["orders"]["monetary"] == PROFILE["features"]["Monetary"]
    assert PROFILE["orders"]["orders"] == PROFILE["features"]["Frequency"]


def test_the_recorded_shares_of_the_segments_add_up() -> None:
    segments = examples_of("clusters_summary")["segments"]["answer"]

    assert abs(sum(each["share"] for each in segments) - 1) <= 1e-9
    assert abs(sum(each["revenue_share"] for each in segments) - 1) <= 1e-9


def test_the_example_lines_fall_on_the_day_before_the_clock() -> None:
    bodies = [example["request"]["body"] for example in examples_of("transactions").values()]
    lines = [line for body in bodies for line in (body["lines"] if isinstance(body, dict) else body)]

    assert {line["InvoiceDate"][:10] for line in lines if line["InvoiceDate"][0].isdigit()} == {"2011-12-09"}
    assert f"{CLOCK:%Y-%m-%d}" == "2011-12-10"
    assert PROFILE["meta"]["as_of"] == "2011-12-10T00:00:00Z"


@pytest.fixture(scope="module")
def real_api(real_shop: Shop, real_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    variables = {
        "DB_NAME": real_shop.db_name,
        "MODELS_DIR": str(real_models_dir),
        "MODEL_SIGNING_KEY_FILE": str(real_models_dir.parent / "signing_key"),
        "LOG_LEVEL": "warning",
    }
    with running(variables, real_shop.mongo_uri, tmp_path_factory.mktemp("examples") / "log") as api:
        within(60, lambda: api.http.get("/customers?limit=1").is_success)  # everybody is scored
        yield api


@needs_online_retail
@pytest.mark.parametrize(
    "example",
    [example for (endpoint, _), example in EXAMPLES.items() if endpoint not in OF_THE_RECORDING_ALONE],
    ids=["-".join(place) for place in EXAMPLES if place[0] not in OF_THE_RECORDING_ALONE],
)
def test_the_real_shop_answers_as_recorded(real_api: Running, example: Example) -> None:
    answer = lasting(answer_of(real_api.http.request(**arguments(example["request"]))))
    recorded = lasting(example["answer"])

    assert {place: value for place, value in answer.items() if not is_number(value)} == {
        place: value for place, value in recorded.items() if not is_number(value)
    }
    assert {place: value for place, value in answer.items() if is_number(value)} == pytest.approx(
        {place: value for place, value in recorded.items() if is_number(value)}, rel=1e-6
    )


def lasting(answer: Any, place: str = "") -> dict[str, Any]:
    """Return the values by place, without what changes from run to run."""
    if isinstance(answer, dict):
        parts = {name: part for name, part in answer.items() if name not in CHANGING}
        return {key: value for name, part in parts.items() for key, value in lasting(part, f"{place}/{name}").items()}
    if isinstance(answer, list):
        return {key: value for n, part in enumerate(answer) for key, value in lasting(part, f"{place}/{n}").items()}
    if isinstance(answer, str):
        answer = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{7}", "VERSION", answer)
    return {place: answer}


def test_every_recorded_answer_has_the_id_of_its_request() -> None:
    found = re.findall(r'"request_id": "(\w+)"', "".join(file.read_text("utf-8") for file in FOLDER.iterdir()))

    assert set(found) == {REQUEST_ID}
