from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter
from schemathesis.specs.openapi.definitions import OPENAPI_31
from serving import CLOCK

from inference.model.example_answers import MODEL_CARD
from inference.model.model_card import ModelCard
from inference.prediction.example_answers import CUSTOMER_ANSWERS, FEATURE_ANSWER
from inference.prediction.examples import CUSTOMER_EXAMPLES, FEATURE_EXAMPLES
from inference.prediction.responses import CustomerAnswer, FeatureAnswer
from inference.transaction.examples import LINES_EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

pytestmark = pytest.mark.anyio


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


async def schema(api: httpx.AsyncClient) -> dict[str, Any]:
    content: dict[str, Any] = (await api.get("/openapi.json")).json()
    return content


async def test_the_page_and_its_files_come_from_this_server(api: httpx.AsyncClient) -> None:
    page = await api.get("/docs")

    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) >= 5
    for address in addresses:
        assert address.startswith("/")
        assert (await api.get(address)).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/page/docs.js", "/docs/page/docs.css", "/openapi.json"])
async def test_nothing_of_ours_names_another_server(api: httpx.AsyncClient, path: str) -> None:
    assert not re.search(r"https?://|[\"'(]//", (await api.get(path)).text)


async def test_there_is_one_page_of_documentation(api: httpx.AsyncClient) -> None:
    assert (await api.get("/redoc")).status_code == 404


async def test_every_error_is_documented_as_a_problem_with_an_example(api: httpx.AsyncClient) -> None:
    document = await schema(api)
    examples = document["components"]["examples"]

    for operation in operations(document):
        if not {"Health", "Page"} & set(operation["tags"]):  # those answer in other forms, too
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert {"400", "401", "403", "429", "503"} <= set(errors)
            for status, answer in errors.items():
                assert list(answer["content"]) == ["application/problem+json"]
                named = answer["content"]["application/problem+json"]["examples"]
                problems = [examples[name]["value"] for name in named]
                assert {(str(problem["status"]), problem["code"]) for problem in problems} == {
                    (status, n) for n in named
                }


async def test_a_question_by_id_documents_what_it_can_be_answered_with(api: httpx.AsyncClient) -> None:
    operation = (await schema(api))["paths"]["/predict_churn_by_id"]["post"]

    expected = {"200", "400", "401", "403", "404", "408", "413", "415", "422", "429", "431", "503"}
    assert set(operation["responses"]) == expected


async def test_what_the_head_alone_is_refused_for_is_documented_on_every_operation(api: httpx.AsyncClient) -> None:
    for operation in operations(await schema(api)):
        assert {"400", "413"} <= set(operation["responses"])


async def test_the_model_is_listed_before_its_older_name(api: httpx.AsyncClient) -> None:
    paths = list((await schema(api))["paths"])

    assert paths.index("/model") < paths.index("/model/metadata")


async def test_the_document_is_openapi_3_1(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    assert document["openapi"].startswith("3.1.")
    assert [error.message for error in jsonschema_rs.validator_for(OPENAPI_31).iter_errors(document)] == []


async def test_what_the_document_refers_to_is_in_it(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    references = set(re.findall(r"'#/components/(\w+)/([\w.-]+)'", str(document)))
    assert {kind for kind, _ in references} == {"schemas", "headers", "examples"}
    assert all(name in document["components"][kind] for kind, name in references)
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


async def test_every_answer_is_documented_with_the_id_of_its_request(api: httpx.AsyncClient) -> None:
    for operation in operations(await schema(api)):
        for response in operation["responses"].values():
            assert response["headers"]["X-Request-ID"] == {"$ref": "#/components/headers/X-Request-ID"}


async def test_operations_have_names_that_read_well_in_a_client(api: httpx.AsyncClient) -> None:
    names = [operation["operationId"] for operation in operations(await schema(api))]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert {"predict_churn_by_id", "predict_churn", "model", "model_metadata"} <= set(names)


async def test_every_example_that_is_filled_in_gets_the_good_answer(api: httpx.AsyncClient) -> None:
    tried = 0
    for path, methods in (await schema(api))["paths"].items():
        examples = methods.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in examples.get("examples", {}).values():
            answer = await api.post(path, json=example["value"])
            assert answer.status_code == 200, (path, answer.text)
            tried += 1
    assert tried >= 8


async def test_the_example_lines_fall_on_the_day_before_the_clock(api: httpx.AsyncClient) -> None:
    for example in LINES_EXAMPLES.values():
        lines = example["value"]["lines"] if isinstance(example["value"], dict) else example["value"]
        readable = [line["InvoiceDate"] for line in lines if line["InvoiceDate"][0].isdigit()]
        assert {date[:10] for date in readable} == {"2011-12-09"}
    assert datetime(2011, 12, 10, tzinfo=UTC) == CLOCK
    answer = await api.post("/predict_churn_by_id", json={"customer_id": 12347})
    assert answer.json()["meta"]["as_of"] == "2011-12-10T00:00:00Z"


async def test_each_operation_has_a_summary_a_description_and_a_tag(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    tags = {tag["name"] for tag in document["tags"]}
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]
            assert set(operation["tags"]) <= tags


async def test_the_examples_of_the_document_are_the_ones_that_are_tried(api: httpx.AsyncClient) -> None:
    paths = (await schema(api))["paths"]

    for path, examples in (("/predict_churn_by_id", CUSTOMER_EXAMPLES), ("/predict_churn", FEATURE_EXAMPLES)):
        body = paths[path]["post"]["requestBody"]["content"]["application/json"]
        assert body["examples"] == examples


def test_the_answers_shown_are_answers() -> None:
    TypeAdapter(FeatureAnswer).validate_python(FEATURE_ANSWER, strict=True)
    TypeAdapter(ModelCard).validate_python(MODEL_CARD, strict=True)


@pytest.mark.parametrize("answer", CUSTOMER_ANSWERS.values(), ids=CUSTOMER_ANSWERS)
def test_the_answers_shown_about_customers_add_up(answer: CustomerAnswer) -> None:
    TypeAdapter(CustomerAnswer).validate_python(answer, strict=True)
    probability = answer["prediction"]["churn_probability"]
    explanation = answer["explanation"]
    assert explanation is not None
    total = explanation["base_log_odds"] + math.fsum(c["contribution"] for c in explanation["contributions"])
    assert abs(total - math.log(probability / (1 - probability))) <= 1e-9
