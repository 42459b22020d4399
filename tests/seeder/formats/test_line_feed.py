"""Rows that are lines: the eight columns in any order and number, and what further columns make of them."""

from __future__ import annotations

import pytest
from planned import EIGHT, RIGHT, SHOP, number, read, shop, value

from retention.lines.documents import NEXT_PART
from retention.lines.rules import rejection
from seeder.formats.plan import Cells
from seeder.formats.recognise import recognise

CELLS = Cells(number, None)
GERMAN = "Rechnungsnr,Artikelnummer,Bezeichnung,Menge,Rechnungsdatum,Einzelpreis,Kundennummer,Land"


@pytest.mark.parametrize("header", [EIGHT, GERMAN])
def test_the_rows_of_eight_columns_pass_through_untouched(header: str) -> None:
    plan = recognise(header.split(","))
    rows = iter([tuple(row.split(",")) for row in SHOP.splitlines()])
    assert plan.lines
    assert plan.lines(rows, CELLS) is rows
    assert not plan.whole_orders
    assert read(shop(header)).figures() == RIGHT


def test_columns_in_another_order_are_picked_in_ours() -> None:
    plan = recognise(EIGHT.split(",")[::-1])
    assert plan.positions == (7, 6, 5, 4, 3, 2, 1, 0)
    assert (plan.invoice, plan.dates, plan.numbers, plan.person) == (0, (4,), (3, 5), 6)


def test_description_country_and_code_are_optional() -> None:
    table = "InvoiceNo,Quantity,InvoiceDate,UnitPrice,CustomerID\n3101,2,2025-03-01,14.0,17"
    assert read(table).lines == [("3101", None, None, "2", "2025-03-01", "14.0", "17", None)]


def test_without_a_column_of_quantities_each_row_is_one() -> None:
    table = "Order ID,Order Date,Price,Customer ID\n3101,2025-03-01,14.0,17"
    assert read(table).lines == [("3101", None, None, 1, "2025-03-01", "14.0", "17", None)]


def test_rejections_and_markers_among_the_rows_are_passed_on() -> None:
    plan = recognise(["InvoiceNo", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
    bad = rejection("unreadable", "row", ["x"])
    assert plan.lines
    assert list(plan.lines(iter([bad, NEXT_PART]), CELLS)) == [bad, NEXT_PART]


def test_markers_between_whole_orders_are_passed_on() -> None:
    plan = recognise(f"{EIGHT},Order Status".split(","))
    bad = rejection("unreadable", "row", ["x"])
    assert plan.orders
    assert list(plan.orders(iter([bad, bad, NEXT_PART]), CELLS)) == [bad, bad, NEXT_PART]


def test_a_currency_column_is_given_to_the_load_and_its_rows_stay_lines() -> None:
    made = read(shop(f"{EIGHT},Currency", *["GBP"] * 9))
    assert made.plan.currency == 8
    assert made.figures() == RIGHT


@pytest.mark.parametrize(("price", "code"), [("Unit Price (USD)", "USD"), ("UnitPrice", None)])
def test_the_currency_in_the_header_of_the_price_is_the_shops(price: str, code: str | None) -> None:
    assert recognise(EIGHT.replace("UnitPrice", price).split(",")).shop_currency == code


def test_date_and_time_in_two_columns_are_joined() -> None:
    table = "Invoice,Date,Time,Price,Customer ID\n1,2025-03-01,18:22:10,14.0,17\n2,2025-03-02,,14.0,17"
    assert [line[4] for line in read(table).lines] == ["2025-03-01 18:22:10", "2025-03-02"]


@pytest.mark.parametrize(
    ("day", "time", "joined"),
    [
        ("2025-03-01 00:00:00", "18:22", "2025-03-01 18:22"),
        ("45717", "0.76539", "45717.76539"),
        ("2025-03-01 18:22", "09:00", "2025-03-01 18:22"),
        ("", "09:00", None),
    ],
)
def test_a_spreadsheets_midnight_gives_way_to_the_time(day: str, time: str, joined: str | None) -> None:
    table = f"Invoice,Date,Time,Price,Customer ID\n1,{day},{time},14.0,17"
    assert read(table).lines[0][4] == joined


def test_the_e_mail_comes_before_the_id_and_the_id_where_there_is_none() -> None:
    table = "Order ID,Order Date,Price,Customer ID,Email\n1,2025-03-01,14.0,17,a@b.example\n2,2025-03-02,14.0,18,"
    assert [line[6] for line in read(table).lines] == ["a@b.example", "18"]


@pytest.mark.parametrize("word", ["Total", "Summe", "Suma", "Totale", "Totaal", "Razem", "Toplam", "GRAND TOTAL:"])
def test_the_last_row_of_a_report_is_no_line(word: str) -> None:
    table = shop("Invoice,Stock,Text,Quantity,Date,Price,Customer ID,Land,Email", *["a@b.example"] * 9)
    made = read(f"{table}\n{word},,,24,,3992.00,,,")
    assert [one.reason for one in made.rejections] == ["totals_row"]
    assert len(made.lines) == 9


def test_a_state_makes_the_file_one_of_whole_orders() -> None:
    made = read(shop(f"{EIGHT},Order Status", *["Completed"] * 2, "Cancelled", *["Completed"] * 6))
    assert made.plan.whole_orders
    assert [(order.invoice, order.state) for order in made.orders if order.state] == [("3102", "cancelled")]
    assert made.figures() == RIGHT | {"23": (1, 126.0)}


def test_unknown_words_of_a_state_column_can_be_named() -> None:
    plan = recognise(f"{EIGHT},Order Status".split(","))
    assert plan.states == (8,)
    assert plan.knows_state
    assert [plan.knows_state(word) for word in ("Completed", "Ready for pick-up")] == [True, False]


def test_one_refund_on_an_order_becomes_a_return_of_it() -> None:
    made = read(shop(f"{EIGHT},Refunded Amount", "14.00", *["0.00"] * 8))
    refund = made.orders[0].lines[-1]
    assert refund == ("3101", None, "Refund", -1, "2025-03-01 18:22:10", 14.0, "17", "GB", None)
    assert made.figures() == RIGHT
    assert sum(value(line) for line in made.orders[0].lines) == 28.0


def test_a_refund_repeated_on_every_row_of_its_orders_counts_once() -> None:
    made = read(shop(f"{EIGHT},Refund", "14.00", "14.00", *[""] * 7))
    assert [line[5] for line in made.orders[0].lines if line[3] == -1] == [14.0]


def test_refunds_of_single_lines_are_added_up() -> None:
    made = read(shop(f"{EIGHT},Refund", "14.00", "14.00", *[""] * 2, "14.00", "3.25", *[""] * 3))
    assert [line[5] for order in made.orders for line in order.lines if line[3] == -1] == [28.0, 17.25]


def test_a_refund_in_words_is_passed_over_by_name() -> None:
    made = read(shop(f"{EIGHT},Refund", "yes", *[""] * 8))
    assert made.plan.passed_over == ("Refund",)
    assert made.figures() == RIGHT


def test_a_refunded_order_without_an_amount_is_paid_back_in_full() -> None:
    made = read(shop(f"{EIGHT},Financial Status", "refunded", "refunded", *["paid"] * 7))
    assert made.orders[0].lines[-1][3:6] == (-1, "2025-03-01 18:22:10", 42.0)


def test_values_on_the_first_row_of_an_order_alone_hold_for_all_of_it() -> None:
    table = f"""{EIGHT},Financial Status,Cancelled at
1,A,A,1,2025-03-01,5.0,17,GB,paid,2025-03-02
1,B,B,1,,5.0,,,,
2,A,A,1,2025-03-03,5.0,17,GB,paid,
2,B,B,1,,5.0,,,,"""
    cancelled, standing = read(table).orders
    assert (cancelled.state, standing.state) == ("cancelled", None)
    assert standing.lines[1] == ("2", "B", "B", "1", "2025-03-03", "5.0", "17", "GB", None)


def test_a_line_cancelled_within_an_order_that_stands_is_put_aside() -> None:
    table = f"{EIGHT},Status\n1,A,A,1,2025-03-01,5.0,17,GB,shipped\n1,B,B,1,2025-03-01,7.0,17,GB,cancelled"
    made = read(table)
    assert [one.reason for one in made.rejections] == ["state_cancelled"]
    assert [line[1] for line in made.orders[0].lines] == ["A"]
