"""What the data say about columns of totals."""

from __future__ import annotations

import pytest
from planned import EIGHT, RIGHT, SHOP, read, shop

from retention.errors import BadDataError

PER_LINE = ["28.00", "14.00", "1240.50", "42.00", "14.00", "13.00", "6.50", "126.00", "1240.50"]
PER_ORDER = ["42.00", "42.00", "1240.50", "42.00", "27.00", "27.00", "6.50", "126.00", "1240.50"]


def test_a_total_that_is_quantity_by_price_everywhere_leaves_the_fast_path() -> None:
    made = read(shop(f"{EIGHT},Total", *PER_LINE))
    assert made.plan.positions == tuple(range(8))
    assert made.plan.notes == ("'Total' is quantity × price on every row",)
    assert made.plan.passed_over == ()
    assert made.figures() == RIGHT


def test_a_line_total_that_differs_by_a_cent_is_the_truth() -> None:
    table = f"{EIGHT},Line Total\n1,A,A,3,2025-03-01,3.33,17,GB,10.00\n2,A,A,2,2025-03-01,5.00,17,GB,10.00"
    made = read(table)
    assert [line[8] for line in made.lines] == [10.0, 10.0]
    assert not made.plan.whole_orders


@pytest.mark.parametrize(("first", "second"), [("3.33", "2.00"), ("0.333", "0.20"), ("33.3", "20")])
def test_a_total_less_a_discount_is_the_lines(first: str, second: str) -> None:
    rows = f"1,A,A,2,2025-03-01,5.00,17,GB,{first},6.67\n1,B,B,1,2025-03-01,10.00,17,GB,{second},8.00"
    made = read(f"{EIGHT},Discount,Total\n{rows}")
    assert [line[8] for line in made.lines] == [6.67, 8.0]
    assert made.plan.notes == ("'Total' is the total of a line",)


def test_a_column_named_line_total_is_the_truth_even_after_an_unknown_discount() -> None:
    table = f"{EIGHT},Line Total\n1,A,A,2,2025-03-01,5.00,17,GB,9.00\n1,B,B,1,2025-03-01,10.00,17,GB,7.50"
    assert read(table).figures() == {"17": (1, 16.5)}


def test_a_line_total_takes_the_sign_of_its_quantity() -> None:
    table = f"{EIGHT},Line Total\n1,A,A,-3,2025-03-01,3.33,17,GB,10.00"
    assert read(table).lines[0][8] == -10.0


def test_a_price_that_equals_the_total_where_more_than_one_was_sold_is_the_lines() -> None:
    rows = "\n".join(f"{invoice},{total}" for invoice, total in zip(_without_price(), PER_LINE, strict=True))
    made = read(f"Invoice,StockCode,Description,Quantity,InvoiceDate,Customer ID,Country,Price,Total\n{_twice(rows)}")
    assert made.figures() == RIGHT
    assert made.plan.notes == ("'Price' is the total of a line: it equals 'Total' where the quantity is above 1",)
    assert [line[5] for line in made.lines[:2]] == [14.0, 14.0]


def test_a_total_that_is_the_sum_of_the_orders_lines_makes_whole_orders() -> None:
    made = read(shop(f"{EIGHT},Total", *PER_ORDER))
    assert made.plan.whole_orders
    assert made.figures() == RIGHT
    assert [order.stated.total for order in made.orders if order.stated] == [42, 1240.5, 42, 27, 6.5, 126, 1240.5]


def test_an_order_total_with_tax_and_shipping_is_still_the_orders() -> None:
    totals = [f"{float(total) * 1.2 + 4:.2f}" for total in PER_ORDER]
    made = read(shop(f"{EIGHT},Grand Total", *totals))
    assert made.plan.whole_orders
    assert made.figures() == RIGHT


def test_shipping_and_tax_are_read_where_orders_state_their_total() -> None:
    made = read(shop(f"{EIGHT},Shipping,Total", *[f"4.00,{float(total) + 4:.2f}" for total in PER_ORDER]))
    assert made.orders[0].stated
    assert (made.orders[0].stated.total, made.orders[0].stated.shipping) == (46.0, 4.0)


def test_a_column_named_order_total_is_the_orders_even_where_each_has_one_line() -> None:
    table = f"{EIGHT},Order Total\n1,A,A,2,2025-03-01,5.00,17,GB,10.00"
    assert read(table).plan.whole_orders


def test_a_total_of_something_else_is_passed_over_by_name() -> None:
    made = read(shop(f"{EIGHT},Total", *[str(number) for number in range(100, 1000, 100)]))
    assert made.plan.passed_over == ("Total",)
    assert made.figures() == RIGHT


def test_without_prices_the_unit_price_comes_from_the_lines_total() -> None:
    rows = "\n".join(f"{row},{total}" for row, total in zip(_without_price(), PER_LINE, strict=True))
    made = read(f"Invoice,StockCode,Description,Quantity,InvoiceDate,Customer ID,Country,Total\n{rows}")
    assert not made.plan.whole_orders
    assert made.figures() == RIGHT


def test_a_table_of_one_row_per_order_and_its_total_is_one_of_whole_orders() -> None:
    made = read("Order ID,Order Date,Customer ID,Total\n1,2025-03-01,17,42.00\n2,2025-03-02,23,1240.50")
    assert made.plan.whole_orders
    assert made.figures() == {"17": (1, 42.0), "23": (1, 1240.5)}


def test_the_total_of_an_order_cannot_stand_for_the_prices_of_its_lines() -> None:
    rows = "\n".join(f"{row},{total}" for row, total in zip(_without_price(), PER_ORDER, strict=True))
    with pytest.raises(BadDataError, match="'Total' is the total of a whole order, repeated on its rows"):
        read(f"Invoice,StockCode,Description,Quantity,InvoiceDate,Customer ID,Country,Total\n{rows}")


def test_a_row_of_totals_is_no_evidence() -> None:
    made = read(shop(f"{EIGHT},Total", *PER_LINE) + "\nTotal,,,24,,,,,3992.00")
    assert made.plan.notes == ("'Total' is quantity × price on every row",)


def _without_price() -> list[str]:
    cells = [row.split(",") for row in SHOP.splitlines()]
    return [",".join((*row[:5], *row[6:])) for row in cells]


def _twice(rows: str) -> str:
    return "\n".join(f"{row},{row.rsplit(',', 1)[1]}" for row in rows.splitlines())
