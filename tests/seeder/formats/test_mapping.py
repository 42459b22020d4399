"""The file of --map: what it can say, and what is said about a wrong one."""

from __future__ import annotations

import pytest
from planned import read

from retention.errors import BadDataError
from seeder.formats import mapped
from seeder.formats.mapping import Mapping, parse
from seeder.formats.mapping_start import start

COLUMNS = ["Vorgang", "Wer", "Wann", "Uhr", "Was", "Wert", "Zustand", "Zurück"]
LEAST = "InvoiceNo: Vorgang\nInvoiceDate: Wann\nCustomerID: Wer\nUnitPrice: Wert\n"
ROW = "7,anna,2025-03-01,18:22,Tuch,42.00,ok,"


def _read(mapping: str, *rows: str) -> list[tuple[object, ...]]:
    made = read("\n".join((",".join(COLUMNS), *(rows or (ROW,)))), mapped.plan(_parsed(mapping), COLUMNS))
    return made.lines or [line for order in made.orders if order.state is None for line in order.lines]


def _parsed(mapping: str) -> Mapping:
    return parse(mapping, "map.yaml")


def test_four_columns_are_enough() -> None:
    assert _read(LEAST) == [("7", None, None, 1, "2025-03-01", "42.00", "anna", None)]


def test_a_constant_a_join_and_a_date_plus_a_time() -> None:
    text = """
InvoiceNo: {join: [Wer, Wann]}
InvoiceDate: {date: Wann, time: Uhr}
CustomerID: wer
Description: Was
Quantity: {constant: 3}
UnitPrice: Wert
Country: {constant: NO}
"""
    assert _read(text) == [("anna-2025-03-01", None, "Tuch", "3", "2025-03-01 18:22", "42.00", "anna", "NO")]


def test_a_price_per_line_is_divided_by_the_quantity() -> None:
    assert _read(f"{LEAST}Quantity: {{constant: 3}}\nprice_per: line") == [
        ("7", None, None, "3", "2025-03-01", 14.0, "anna", None, 42.0)
    ]


def test_states_in_the_files_own_words() -> None:
    text = f"{LEAST}State: Zustand\nstates:\n  stands: [ok]\n  cancelled: [weg]\n  others: no_order\n"
    rows = (ROW, "8,anna,2025-03-02,,Tuch,5.00,weg,", "9,anna,2025-03-03,,Tuch,5.00,angesehen,")
    assert [line[0] for line in _read(text, *rows)] == ["7"]


def test_what_a_mapping_says_about_writing_is_in_the_plan() -> None:
    text = f"{LEAST}dates: dmy\ndecimal: ','\ntime_zone: Europe/Berlin\nCurrency: {{constant: eur}}\nunit: order\n"
    plan = mapped.plan(_parsed(text), COLUMNS)
    assert (plan.date_order, plan.decimal, plan.zone, plan.shop_currency) == ("dmy", ",", "Europe/Berlin", "EUR")
    assert plan.shop_zone == "Europe/Berlin"
    assert plan.whole_orders


def test_a_refund_makes_whole_orders() -> None:
    lines = _read(f"{LEAST}Refund: Zurück", "7,anna,2025-03-01,,Tuch,42.00,ok,2.00")
    assert [line[5] for line in lines] == ["42.00", 2.0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Invoice: Vorgang", r"map.yaml, line 1: unknown key 'Invoice'; the keys are InvoiceNo, StockCode"),
        (f"{LEAST}Country: Land", r"line 5: Country: no column 'Land'; the columns are Vorgang, Wer, Wann"),
        (f"{LEAST}unit: row", r"line 5: unit: 'row' is none of 'line', 'order'"),
        (f"{LEAST}dates: y-m-d", r"line 5: dates: 'y-m-d' is none of 'ymd', 'dmy', 'mdy'"),
        (f"{LEAST}InvoiceNo: Wer", r"line 5: 'InvoiceNo' stands in line 1, too"),
        (f"{LEAST}Country: [a, b]", r"line 5: Country: write a column, \{constant: TEXT\}"),
        (f"{LEAST}Country: {{join: [Wer]}}", r"line 5: Country: write a column"),
        (f"{LEAST}Country: ''", r"line 5: Country: a text is needed"),
        (f"{LEAST}time_zone: Mars", r"line 5: time_zone: 'Mars' is no time zone"),
        (f"{LEAST}Currency: {{constant: Euro}}", r"line 5: Currency: 'EURO' is no ISO code"),
        (f"{LEAST}unit: line\nState: Zustand", r"line 6: State belongs to whole orders: write 'unit: order'"),
        (f"{LEAST}states:\n  gone: [x]", r"line 6: states: unknown key 'gone'"),
        ("InvoiceNo: Vorgang", r"map.yaml: no InvoiceDate, UnitPrice, CustomerID; each needs a column"),
        (LEAST.replace("Vorgang", "{constant: 1}"), r"line 1: InvoiceNo: a constant would be the same for every row"),
        ("a: b: c", r"map.yaml, line 1: no YAML"),
        ("a: [", r"map.yaml, line 1: no YAML"),
        ("- a", r"map.yaml: no mapping"),
        ("", r"map.yaml: no mapping"),
        ("[a, b]: c", r"map.yaml, line 1: a key is no text"),
        ("x" * 70_000, r"map.yaml: longer than 65,536 characters"),
    ],
)
def test_a_wrong_file_is_told_the_line_and_what_is_allowed(text: str, problem: str) -> None:
    with pytest.raises(BadDataError, match=problem):
        mapped.plan(_parsed(text), COLUMNS)


def test_two_columns_of_one_name_cannot_be_told_apart() -> None:
    with pytest.raises(BadDataError, match=r"CustomerID: 2 columns are named 'Wer'"):
        mapped.plan(_parsed(LEAST), [*COLUMNS, "Wer"])


def test_the_mapping_to_start_from_loads_once_it_is_complete() -> None:
    columns = ["Vorgang", "Customr ID", "Date of order", "Unit prize", "Qty"]
    text = start(columns)
    assert 'CustomerID: "Customr ID"' in text
    assert 'UnitPrice: "Unit prize"' in text
    complete = text.replace('InvoiceNo: ""', "InvoiceNo: Vorgang")
    assert mapped.plan(_parsed(complete), columns).positions == (0, 4, 2, 3, 1)


def test_a_blank_in_the_mapping_to_start_from_is_named() -> None:
    with pytest.raises(BadDataError, match=r"map.yaml, line 1: InvoiceNo: a text is needed"):
        _parsed(start(["a", "b"]))
