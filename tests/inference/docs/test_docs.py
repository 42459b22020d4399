from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from openapi_document import operations, responses_of
from schemathesis.specs.openapi.definitions import OPENAPI_31

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    document = await schema(api)
    examples = document["components"]["examples"]

    for operation in operations(document):
        if not {"Health", "Page"} & set(operation["tags"]):  # those answer in other forms, too
            responses = responses_of(document, operation)
            errors = {status: answer for status, answer in responses.items() if status >= "400"}
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

    expected = {"200", "400", "401", "403", "404", "408", "409", "413", "415", "422", "429", "431", "503"}
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


async def test_what_the_document_refers_to_is_in_it_and_nothing_else(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    references = set(re.findall(r"'#/components/(\w+)/([\w.-]+)'", str(document)))
    components = {(kind, name) for kind, parts in document["components"].items() for name in parts}
    assert references == {each for each in components if each[0] != "securitySchemes"}
    assert {kind for kind, _ in references} == {"schemas", "headers", "examples", "responses"}
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


async def test_every_answer_is_documented_with_the_id_of_its_request(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    for operation in operations(document):
        for response in responses_of(document, operation).values():
            assert response["headers"]["X-Request-ID"] == {"$ref": "#/components/headers/X-Request-ID"}


async def test_operations_have_names_that_read_well_in_a_client(api: httpx.AsyncClient) -> None:
    names = [operation["operationId"] for operation in operations(await schema(api))]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names)
    assert {"predict_churn_by_id", "predict_churn", "model", "model_metadata"} <= set(names)


async def test_each_operation_has_a_summary_a_description_and_a_tag(api: httpx.AsyncClient) -> None:
    document = await schema(api)

    tags = {tag["name"] for tag in document["tags"]}
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]
            assert set(operation["tags"]) <= tags


async def test_every_property_has_a_description(api: httpx.AsyncClient) -> None:
    described = dict(properties(await schema(api)))

    assert len(described) >= 240
    assert [place for place, each in described.items() if not each.get("description", "").endswith(".")] == []


def properties(part: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(part, dict):
        for name, each in part.get("properties", {}).items():
            yield f"{place}/{name}", each
        for name, each in part.items():
            if name not in {"example", "examples"}:
                yield from properties(each, f"{place}/{name}")
    elif isinstance(part, list):
        for index, each in enumerate(part):
            yield from properties(each, f"{place}/{index}")


async def test_the_document_stays_small(api: httpx.AsyncClient) -> None:
    assert len((await api.get("/openapi.json")).content) <= 170_000
