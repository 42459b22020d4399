"""A shop's file loads as it is and gives the right figures, or is refused with the reason: never silently wrong."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from shop_files import (
    CODE,
    COUNTRY,
    DATE,
    E_MAILS,
    HEADER,
    INVOICE,
    LINES,
    PERSON,
    PRICE,
    QUANTITY,
    TEXT,
    figures,
    german,
    lines,
    money,
    text_of,
    workbook,
    written,
    zipped,
)  # fmt: skip

from retention.store import schema
from seeder.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database

    Database_ = Database[dict[str, Any]]

RIGHT: Final = figures()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, mongo_uri: str, database_name: str) -> None:
    monkeypatch.setenv("MONGO_URI", mongo_uri)
    monkeypatch.setenv("DB_NAME", database_name)
    monkeypatch.setenv("IDENTITY_KEY", "a key that this test alone has, of 40 letters")
    for name in ("CURRENCY", "TIME_ZONE"):
        monkeypatch.delenv(name, raising=False)


def found(database: Database_) -> list[tuple[int, float, float]]:
    """Return each customer's orders, gross and net, sorted: ids may be hashed."""
    customers = database[schema.CUSTOMERS].find()
    return sorted((each["Frequency"], each["Monetary"], each["net_monetary"]) for each in customers)


def load(*arguments: object) -> int:
    return main(["load", *map(str, arguments)])


def instant(line: list[Any]) -> datetime:
    return datetime.fromisoformat(line[DATE])


def us_date(line: list[Any]) -> str:
    at = instant(line)
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'PM' if at.hour >= 12 else 'AM'}"


def total(of: list[list[Any]]) -> float:
    return float(sum(line[QUANTITY] * line[PRICE] for line in of))


def two_sheets(path: Path) -> Path:
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import

    book = Workbook()
    for name, rows in (("2024", LINES[:5]), ("2025", LINES[5:])):
        sheet = book.create_sheet(name)
        for row in [HEADER, *rows]:
            sheet.append(row)
    del book["Sheet"]
    book.save(path)
    return path


def serial(line: list[Any]) -> str:
    return f"{(instant(line) - datetime(1899, 12, 30)).total_seconds() / 86_400:.5f}"  # noqa: DTZ001 - a wall clock


GERMAN: Final = ["Rechnungsnr", "Artikelnummer", "Bezeichnung", "Menge", "Rechnungsdatum", "Einzelpreis", "Kundennummer", "Land"]  # fmt: skip
SPANISH: Final = ["NumFactura", "CodigoProducto", "Descripcion", "Cantidad", "FechaFactura", "PrecioUnitario", "IDCliente", "Pais"]  # fmt: skip
NEAR: Final = ["Invoice No.", "Stock Code", "Description", "Qty", "Invoice Date", "Unit Price (GBP)", "Customer-ID", "Country"]  # fmt: skip
FRENCH: Final = ["Numéro de commande", "Référence", "Nom du produit", "Qté", "Date de commande", "Prix unitaire TTC", "Identifiant client", "Pays de livraison"]  # fmt: skip
SHORT_GERMAN: Final = ["Belegnr.", "Art.-Nr.", "Bezeichnung", "Menge", "Belegdatum", "VK-Preis", "Kd.-Nr.", "Land"]
SHORT_SPANISH: Final = ["Número de factura", "Referencia", "Artículo", "Uds.", "Fecha", "Precio", "Cliente", "País"]
ONLINE_RETAIL_II: Final = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]  # fmt: skip
NOTE: Final = 'Please leave it\nwith the neighbour\nat no. 4,\nring twice,\nmind the "dog"\n\nthank you\nand sorry'

# Each is written and loaded by itself, and gives the right figures.
FAITHFUL: Final[dict[str, Callable[[Path], Path]]] = {
    "plain": lambda to: written(to / "a.csv", LINES),
    "online retail ii": lambda to: written(to / "a.csv", LINES, ONLINE_RETAIL_II),
    "dollar signs": lambda to: written(
        to / "a.csv", lines(price=lambda line: f"${money(line[PRICE])}", quantity=lambda line: f"{line[QUANTITY]:.1f}")
    ),
    "order numbers with a place before them": lambda to: written(
        to / "a.csv", lines(invoice=lambda line: f"{'US' if line[INVOICE] == '3104' else 'CA'}-2025-10{line[INVOICE]}")
    ),
    "order numbers that all begin with C": lambda to: written(
        to / "a.csv", lines(invoice=lambda line: f"C{line[INVOICE]}")
    ),
    "e-mails in two spellings": lambda to: written(
        to / "a.csv",
        lines(person=lambda line: E_MAILS[line[PERSON]].title() if line[INVOICE] == "3103" else E_MAILS[line[PERSON]]),
    ),
    "german numbers": lambda to: written(
        to / "a.csv",
        lines(price=lambda line: german(line[PRICE]), date=lambda line: f"{instant(line):%d.%m.%Y %H:%M}"),
        delimiter=";",
    ),
    "serial dates": lambda to: written(to / "a.csv", lines(date=serial)),
    "am and pm": lambda to: written(to / "a.csv", lines(date=us_date)),
    "compact dates": lambda to: written(to / "a.csv", lines(date=lambda line: f"{instant(line):%Y%m%d}")),
    "the word UTC": lambda to: written(to / "a.csv", lines(date=lambda line: f"{line[DATE]} UTC")),
    "a blank before the offset": lambda to: written(to / "a.csv", lines(date=lambda line: f"{line[DATE]} -0500")),
    "long notes": lambda to: written(
        to / "a.csv",
        [[*line, NOTE if line[INVOICE] in {"3102", "3106"} else ""] for line in LINES],
        [*HEADER, "Notes"],
    ),
    "zipped": lambda to: zipped(to / "a.zip", "export.csv", text_of(LINES)),
    "title rows in a workbook": lambda to: workbook(
        to / "a.xlsx", [["Orders export — Fernhill Shop"], ["from 2025-03-01"], HEADER, *LINES]
    ),
    "title row": lambda to: _titled(to / "a.csv"),
    "sep line": lambda to: _raw(to / "a.csv", "sep=;\n" + text_of(LINES, delimiter=";"), "utf-8"),
    "utf-16 without a mark": lambda to: _raw(to / "a.csv", text_of(LINES), "utf-16-le"),
    "cp1250": lambda to: _raw(to / "a.csv", text_of(lines(text=lambda line: f"{line[TEXT]} Žluťoučký ť")), "cp1250"),
    "german headers": lambda to: written(to / "a.csv", LINES, GERMAN),
    "spanish headers": lambda to: written(to / "a.csv", LINES, SPANISH),
    "near headers": lambda to: written(to / "a.csv", LINES, NEAR),
    "no description, no country": lambda to: written(
        to / "a.csv",
        [[*line[:TEXT], *line[QUANTITY:COUNTRY]] for line in LINES],
        [*HEADER[:TEXT], *HEADER[QUANTITY:COUNTRY]],
    ),
    "thousands commas": lambda to: written(to / "a.csv", lines(price=lambda line: money(line[PRICE]))),
    "ids with a prefix": lambda to: written(to / "a.csv", lines(person=lambda line: f"CUST-{line[PERSON]:05}")),
    "uuids": lambda to: written(
        to / "a.csv", lines(person=lambda line: f"{line[PERSON]:08x}-c9b0-11eb-9346-70efdf2ec9b0")
    ),
    "excel formulas": lambda to: written(to / "a.csv", lines(person=lambda line: f'="{line[PERSON]:05}"')),
    "apostrophes": lambda to: written(to / "a.csv", lines(person=lambda line: f"'{line[PERSON]}")),
    "a totals row": lambda to: written(to / "a.csv", [*LINES, ["Total", "", "", 24, "", "3992.00", "", ""]]),
    "price is the line's total": lambda to: written(
        to / "a.csv",
        [
            [*line[:PRICE], total := money(line[QUANTITY] * line[PRICE]).replace(",", ""), *line[PERSON:], total]
            for line in LINES
        ],
        [*ONLINE_RETAIL_II, "Total"],
    ),
    "commas behind the rows": lambda to: written(to / "a.csv", [[*line, "", ""] for line in LINES]),
    "midnight as 24:00": lambda to: written(
        to / "a.csv",
        lines(date=lambda line: line[DATE].replace("23:50:00", "24:00:00") if line[INVOICE] == "3107" else line[DATE]),
    ),
    "abbreviated zones": lambda to: written(
        to / "a.csv", lines(date=lambda line: f"{line[DATE]} {'CET' if line[DATE] < '2025-03-30' else 'CEST'}")
    ),
    "the year last": lambda to: written(to / "a.csv", lines(date=lambda line: f"{instant(line):%a %b %d %H:%M:%S %Y}")),
    "french headers": lambda to: written(to / "a.csv", LINES, FRENCH),
    "short german headers": lambda to: written(to / "a.csv", LINES, SHORT_GERMAN),
    "short spanish headers": lambda to: written(to / "a.csv", LINES, SHORT_SPANISH),
    "two sheets of orders": lambda to: two_sheets(to / "a.xlsx"),
    "order-level": lambda to: written(
        to / "a.csv",
        [
            [number, of[0][DATE], E_MAILS[of[0][PERSON]], sum(line[QUANTITY] for line in of), f"{total(of):.2f}"]
            for number in dict.fromkeys(line[INVOICE] for line in LINES)
            if (of := [line for line in LINES if line[INVOICE] == number])
        ],
        ["Order Number", "Order Date", "Email", "Quantity", "Order Total"],
    ),
    "one currency": lambda to: written(to / "a.csv", [[*line, "usd"] for line in LINES], [*HEADER, "Currency"]),
}


def _titled(path: Path) -> Path:
    path.write_text("Orders export\n\n" + text_of(LINES), encoding="utf-8")
    return path


def _raw(path: Path, text: str, encoding: str) -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("name", FAITHFUL)
def test_a_faithful_export_gives_the_right_figures(name: str, tmp_path: Path, database: Database_) -> None:
    assert load(FAITHFUL[name](tmp_path)) == 0
    assert found(database) == RIGHT


def test_decimal_quantities_are_sold_by_weight(tmp_path: Path, database: Database_) -> None:
    olives = ["3109", "OLV", "Olives (kg)", 0.255, "2025-06-29 10:00:00", "20.00", 57, "GB"]
    assert load(written(tmp_path / "a.csv", [*LINES, olives])) == 0
    assert found(database) == figures(c57=(2, 11.6, 11.6))


def test_negative_prices_lower_the_net_and_leave_the_gross(tmp_path: Path, database: Database_) -> None:
    vouchers = [
        ["3101", "DISC", "Voucher", 1, "2025-03-01 18:22:10", "-10.00", 17, "GB"],
        ["3107", "DISC", "10 % off", 1, "2025-06-30 23:50:00", "-124.05", 42, "FR"],
        ["3108", "OAK", "Oak Table", 1, "2025-06-30 23:55:00", "-1240.50", 23, "DE"],
    ]
    assert load(written(tmp_path / "a.csv", [*LINES, *vouchers])) == 0
    net = {"c17": (2, 84.0, 74.0), "c42": (2, 1267.5, 1143.45), "c23": (2, 1366.5, 126.0)}
    assert found(database) == figures(**net)


def test_guests_are_nobody(tmp_path: Path, database: Database_) -> None:
    rows = lines(person=lambda line: "Guest" if line[PERSON] == 23 else line[PERSON])
    assert load(written(tmp_path / "a.csv", rows)) == 0
    assert found(database) == figures(c23=None)


def test_one_invoice_around_midnight_in_utc_is_one_order(tmp_path: Path, database: Database_) -> None:
    around = [
        ["3111", "CUP", "Cup", 1, "2025-06-30 01:59:30", 3.25, 57, "GB"],
        ["3111", "SOAP-1", "Soap Bar", 1, "2025-06-30 02:00:30", 14.0, 57, "GB"],
    ]
    rows = [[*line[:DATE], line[DATE].replace(" ", "T") + "+02:00", *line[PRICE:]] for line in [*LINES, *around]]
    assert load(written(tmp_path / "a.csv", rows)) == 0
    assert found(database) == figures(c57=(2, 23.75, 23.75))


def test_refunds_in_a_column_are_returns(tmp_path: Path, database: Database_) -> None:
    rows = [[*line, "14.00" if at == 0 else "0.00"] for at, line in enumerate(LINES)]
    assert load(written(tmp_path / "a.csv", rows, [*HEADER, "Refunded Amount"])) == 0
    assert found(database) == figures(c17=(2, 84.0, 70.0))


def test_an_order_that_is_cancelled_later_counts_no_more(tmp_path: Path, database: Database_) -> None:
    header = [*HEADER, "Order Status"]
    first = [[*line, "Processing" if line[INVOICE] == "3102" else "Completed"] for line in LINES]
    later = [[*line[:-1], "Cancelled" if line[INVOICE] == "3102" else line[-1]] for line in first]
    assert load(written(tmp_path / "1.csv", first, header)) == 0
    assert found(database) == RIGHT
    assert load(written(tmp_path / "2.csv", later, header)) == 0
    assert found(database) == figures(c23=(1, 126.0, 126.0))
    assert load(written(tmp_path / "3.csv", later, header)) == 0  # the same content


@pytest.mark.parametrize("kind", ["corrected", "renamed"])
def test_an_order_that_comes_again_with_other_lines_is_refused_or_replaced(
    kind: str, tmp_path: Path, database: Database_, capsys: pytest.CaptureFixture[str]
) -> None:
    corrected = lines(quantity=lambda line: 2 if line[INVOICE] == "3103" else line[QUANTITY])
    renamed = lines(text=lambda line: "Soap Bar (Lavender)" if line[CODE] == "SOAP-1" else line[TEXT])
    june = written(tmp_path / "june.csv", LINES)
    july = written(tmp_path / "july.csv", corrected if kind == "corrected" else renamed)
    assert load(june) == 0
    assert load(july) == 65
    assert "3103" in capsys.readouterr().err
    assert found(database) == RIGHT
    assert load("--replace-orders", july) == 0
    assert found(database) == (figures(c17=(2, 70.0, 70.0)) if kind == "corrected" else RIGHT)


def test_currencies_are_never_added_up(tmp_path: Path, database: Database_, capsys: pytest.CaptureFixture[str]) -> None:
    code = {"GB": "GBP", "DE": "EUR", "FR": "EUR"}
    rows = [[*line, "JPY" if line[INVOICE] == "3106" else code[line[COUNTRY]]] for line in LINES]
    assert load(written(tmp_path / "a.csv", rows, [*HEADER, "Currency"])) == 65
    said = capsys.readouterr().err
    assert all(name in said for name in ("GBP", "EUR", "JPY", "--rates"))
    assert found(database) == []


def test_another_currency_is_put_aside_or_converted_at_given_rates(
    tmp_path: Path, database: Database_, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[*line, "EUR" if line[INVOICE] == "3106" else "GBP"] for line in LINES]
    file = written(tmp_path / "a.csv", rows, [*HEADER, "Currency"])
    monkeypatch.setenv("CURRENCY", "GBP")
    assert load(file) == 0
    assert found(database) == figures(c23=(1, 1240.5, 1240.5))
    assert database[schema.QUARANTINE].distinct("reason") == ["other_currency"]
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,date from,rate\nEUR,2025-01-01,0.5\nEUR,2025-06-01,0.8\n", encoding="utf-8")
    assert load("--drop", "--rates", rates, file) == 0
    assert found(database) == figures(c23=(2, 1341.3, 1341.3))


HALF_SERIAL: Final = lines(date=lambda line: serial(line) if instant(line).day <= 12 else f"{instant(line):%d/%m/%Y %H:%M}")  # fmt: skip
REFUSED: Final[dict[str, tuple[list[list[Any]], list[str], str]]] = {
    "half of the dates are serials": (HALF_SERIAL, HEADER, "day"),
    "ids that a spreadsheet shortened": (lines(invoice=lambda _: "5.99E+12", person=lambda _: "5.99E+12"), HEADER, "shortened"),
    "woocommerce analytics": (
        [["2025-03-01 18:22:10", "3101", "£42.00", "completed", "Maya Orr", "returning", "2× Linen Towel", 3, "", "42"]],
        ["Date", "Order #", "N. Revenue (formatted)", "Status", "Customer", "Customer type", "Product(s)", "Items sold", "Coupon(s)", "Net Sales"],
        "WooCommerce Analytics",
    ),
    "one row per customer": (
        [[768800000, "Existing Customer", 45, "M", 3, 39, 1144, 42]],
        ["CLIENTNUM", "Attrition_Flag", "Customer_Age", "Gender", "Dependent_count", "Months_on_book", "Total_Trans_Amt", "Total_Trans_Ct"],
        "one row per customer",
    ),
    "customers by name": (
        lines(person=lambda line: {17: "Maya Orr", 23: "Gus Ott", 42: "Lou Ames", 57: "Kit Bell"}[line[PERSON]]),
        [*HEADER[:PERSON], "Customer", "Country"],
        "names are no ids",
    ),
    "nobody in any row": (lines(person=lambda _: ""), HEADER, "no order names a customer"),
    "a quantity of an unknown name": (LINES, [*HEADER[:QUANTITY], "Foo", *HEADER[DATE:]], "foo"),
    "no people": ([["1", "2025-03-01", "A", 1, "2.00"]], ["order_id", "order_date", "sku", "quantity", "price"], "customer"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_understood_is_refused_by_name(
    name: str, tmp_path: Path, database: Database_, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, header, said = REFUSED[name]
    assert load(written(tmp_path / "a.csv", rows, header)) == 65
    assert said.lower() in capsys.readouterr().err.lower()
    assert database[schema.TRANSACTIONS].count_documents({}) == 0
    assert database[schema.LOADS].count_documents({}) == 0


def test_a_mapping_may_say_that_prices_are_of_lines_and_that_rows_are_parts_of_whole_orders(
    tmp_path: Path, database: Database_, capsys: pytest.CaptureFixture[str]
) -> None:
    header = ["Beleg", "Artikel", "Stk", "Tag", "Betrag", "Kunde"]
    rows = [
        [line[INVOICE], line[CODE], line[QUANTITY], line[DATE], line[QUANTITY] * line[PRICE], line[PERSON]]
        for line in LINES
    ]
    mapping = tmp_path / "map.yaml"
    mapping.write_text(
        "InvoiceNo: Beleg\nInvoiceDate: Tag\nCustomerID: Kunde\nStockCode: Artikel\nQuantity: Stk\nUnitPrice: Betrag\n"
        "price_per: line\nunit: order\ntime_zone: Europe/Berlin\n"
    )
    file = written(tmp_path / "belege.csv", rows, header)
    assert load("--look", "--map", mapping, file) == 0
    assert found(database) == RIGHT
    said = " ".join(capsys.readouterr().out.split())
    assert "The first orders, as we understand them" in said
    assert "time zone Europe/Berlin" in said
    assert "Nothing was written" not in said


def test_chance_in_a_tiny_file_is_not_worth_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(written(tmp_path / "a.csv", LINES)) == 0
    said = capsys.readouterr()
    assert "of all orders" not in said.out + said.err
    assert "revenue in" not in said.out + said.err


def test_a_row_that_is_put_aside_is_named(
    tmp_path: Path, database: Database_, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = lines(date=lambda line: line[DATE].replace("2025", "1925") if line[INVOICE] == "3103" else line[DATE])
    assert load(written(tmp_path / "a.csv", rows)) == 0
    said = capsys.readouterr()
    assert "first in row 4" in said.out + said.err
    assert found(database) == figures(c17=(1, 42.0, 42.0))
