from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

from inference.models.example_answers import MODEL_CARD
from inference.models.model_card import ModelCard
from inference.predictions.example_answers import CUSTOMER_ANSWERS, FEATURE_ANSWER
from inference.predictions.examples import CUSTOMER_EXAMPLES, FEATURE_EXAMPLES
from inference.predictions.schemas import CustomerAnswer, FeatureAnswer

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.anyio


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
    operation = (await schema(api))["paths"]["/predict_churn_by_id"]["post"]

    assert set(operation["responses"]) == {"200", "404", "413", "415", "422", "503"}
    for status in ("404", "413", "415", "422", "503"):
        content = operation["responses"][status]["content"]
        assert list(content) == ["application/problem+json"]
        examples = content["application/problem+json"]["examples"]
        assert all(example["value"]["status"] == int(status) for example in examples.values())
        assert {example["value"]["code"] for example in examples.values()} == set(examples)


async def test_what_the_document_refers_to_is_in_it(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    references = set(re.findall(r"'#/components/schemas/(\w+)'", str(document)))
    assert references <= set(document["components"]["schemas"])
    assert not {"HTTPValidationError", "ValidationError"} & references


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
