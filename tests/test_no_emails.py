"""With KEEP_REFERENCES=no a customer's e-mail is nowhere but in the shop's own file: a search through every byte."""

from __future__ import annotations

import csv
import logging
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
from bson.raw_bson import RawBSONDocument
from shops import KEY

from inference.app import create_app
from inference.settings import Settings
from retention.lines.identity import hashed
from retention.store import schema
from seeder.__main__ import main as seed
from seeder.sources.synthetic import synthetic_rows
from trainer.__main__ import main as train

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pymongo.database import Database

IDENTITY_KEY: Final = "a key that this test alone has, of 40 letters"
HEADER: Final = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"
)  # fmt: skip
NAME: Final = b"maya."  # begins every address
HOST: Final = b"fernhill"  # ends it; a screen shows m…@fernhill-12347.example
WRONG: Final = {"InvoiceNo": "9" * 300, "Quantity": "two", "InvoiceDate": "soon", "UnitPrice": "dear"}
ASKED: Final = ("/customers/lookup", "/predict_churn_by_id")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def environment(
    monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    key_file = tmp_path / "signing_key"
    key_file.write_bytes(KEY)
    variables = {
        "MONGO_URI": mongo_uri, "DB_NAME": database_name, "IDENTITY_KEY": IDENTITY_KEY, "KEEP_REFERENCES": "no",
        "MODELS_DIR": str(tmp_path / "models"), "MODEL_SIGNING_KEY_FILE": str(key_file), "ALLOWED_HOSTS": "test",
        "GIT_REVISION": "abc1234",
    }  # fmt: skip
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for name in ("CURRENCY", "TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("seeder", "retention", "trainer", "inference"):
        caplog.set_level(logging.DEBUG, name)


def e_mail(customer: object) -> str:
    return f"Maya.{customer}@Fernhill-{customer}.example"


def searched(*contents: bytes | str, words: Sequence[bytes] = (NAME, HOST)) -> None:
    """Fail when one of the contents has a word of an address."""
    for content in contents:
        text = (content.encode() if isinstance(content, str) else content).lower()
        for word in words:
            assert word not in text, text[max(0, text.index(word) - 100) :][:200]


def stored(database: Database[dict[str, Any]]) -> Iterator[bytes]:
    """Yield every document of the database as its bytes."""
    options = database.codec_options.with_options(document_class=RawBSONDocument)
    for name in database.list_collection_names():
        for document in database.get_collection(name, codec_options=options).find():
            yield bytes(document.raw)  # type: ignore[attr-defined]


def line_feed(path: Path, rows: int) -> Path:
    """Write an invented shop whose customers have e-mails, and rows that are wrong in many ways."""
    found = [dict(zip(HEADER, row, strict=True)) for row in synthetic_rows(rows, 1)]
    for row in found:
        row["CustomerID"] = e_mail(row["CustomerID"]) if isinstance(row["CustomerID"], int) else ""
    one = {**next(row for row in found if row["CustomerID"]), "CustomerID": e_mail("wrong")}
    found += [{**one, field: value} for field, value in WRONG.items()]
    found += [{**one, field: e_mail("elsewhere")} for field in HEADER]
    found.append({**one, "CustomerID": f"{e_mail('wrong')}\0"})
    cells = [[_text(row[field]) for field in HEADER] for row in found]
    cells += [[*cells[-1][:6], e_mail("short")], [*cells[0], "", e_mail("long")], [e_mail("alone")]]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *cells])
        file.write(f'"{e_mail("quote")}, and a quote that nothing closes\n')
    return path


def _text(value: object) -> str:
    return value.isoformat(" ") if isinstance(value, datetime) else str(value or "")


def shopify(path: Path, quantity: int) -> Path:
    """Write orders of Shopify: two that stand, one that was cancelled, one in another currency, one of nobody's."""
    header = (
        "Name,Email,Financial Status,Currency,Subtotal,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
        "Lineitem sku,Billing Name,Notes,Cancelled at,Refunded Amount"
    )
    orders = [("paid", "USD"), ("paid", "USD"), ("voided", "USD"), ("paid", "EUR"), ("partially_refunded", "USD")]
    rows = [
        f"#20{n},{e_mail(n)},{state},{currency},{14 * quantity}.00,{14 * quantity}.00,2025-03-0{n} 09:59:41 -0500,"
        f"{quantity},Soap for {e_mail(n)},14.00,SOAP,{e_mail(n)},call {e_mail(n)},,{7 if 'part' in state else 0}.00"
        for n, (state, currency) in enumerate(orders, 1)
    ]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def said_of(capfd: pytest.CaptureFixture[str], *commands: Sequence[str]) -> str:
    """Run commands of the seeder; return all that they print."""
    for command in commands:
        assert seed(command) == 0, command
    screen = capfd.readouterr()
    return screen.out + screen.err


async def answers() -> list[str]:
    """Ask the API about its customers by e-mail, and for all it lists; return the answers with their heads."""
    app = create_app(Settings.from_environ({**os.environ, "RATE_LIMIT": "1000/second"}), now=lambda: datetime.now(UTC))
    people = [e_mail("stranger"), f"{e_mail(1)}\0", "", e_mail("wrong")]
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as api,
    ):
        listed = (await api.get("/customers", params={"limit": 50})).json()["items"]
        assert len(listed) == 50
        known = next(number for number in range(12_000, 20_000) if _number(number) == listed[0]["customer_id"])
        found = await api.post("/customers/lookup", json={"customer_ref": e_mail(known)})
        assert found.json()["customer_id"] == listed[0]["customer_id"]
        told = [
            await api.post(path, json={"customer_ref": who}) for who in [*people, e_mail(known)] for path in ASKED
        ]  # fmt: skip
        told += [await api.get(f"/customers/{each['customer_id']}") for each in listed[:10]]
        told += [await api.get(path) for path in ("/customers", "/clusters/summary", "/model", "/models", "/metrics")]
        told.append(await api.get("/customers", headers={"Accept": "text/csv"}))
        lines = [{"InvoiceNo": "1", "Quantity": wrong, "customer_ref": e_mail("posted")} for wrong in ("two", 2)]
        told.append(await api.post("/transactions", json=lines))
    return [f"{each.headers}{each.text}" for each in told]


def _number(customer: int) -> int:
    return hashed(IDENTITY_KEY.encode(), e_mail(customer).lower())


@pytest.mark.anyio
async def test_a_line_feeds_emails_are_in_no_record_output_model_or_answer(
    database: Database[dict[str, Any]], tmp_path: Path, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    file = str(line_feed(tmp_path / "shop.csv", 20_000))
    load = ["load", file, "--yes"]
    searched(said_of(capfd, ["look", file], load, load, ["quarantine"], ["quarantine", "--csv"]), words=[NAME])
    assert train(["train"]) == 0
    told = await answers()

    assert database[schema.QUARANTINE].count_documents({}) > len(WRONG)
    assert database[schema.REFERENCES].count_documents({}) == 0
    searched(caplog.text, *capfd.readouterr(), *told, *stored(database))
    searched(*(each.read_bytes() for each in (tmp_path / "models").rglob("*") if each.is_file()))


def test_whole_orders_emails_are_in_no_record_or_output(
    database: Database[dict[str, Any]], tmp_path: Path, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("CURRENCY", "USD")
    for quantity in (1, 2):  # the second time they replace
        file = str(shopify(tmp_path / f"orders{quantity}.csv", quantity))
        searched(said_of(capfd, ["look", file], ["load", file, "--yes"], ["quarantine", "--csv"]), words=[NAME])

    assert database[schema.SUPERSEDED].count_documents({}) > 0
    assert database[schema.QUARANTINE].count_documents({}) > 0
    searched(caplog.text, *stored(database))
