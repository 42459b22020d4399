"""Finding the format of a header, the header among title rows, and what to say about an unknown one."""

from __future__ import annotations

import pytest
from planned import EIGHT, RIGHT, read

from retention.errors import BadDataError
from seeder.formats.recognise import FORMATS, recognise, score
from seeder.formats.signatures import SIGNATURES
from seeder.formats.spellings import plain

RENAMED = (
    "InvoiceNo,CustomerID,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Discount Amount,InvoiceDate,Quantity,"
    "Description,UnitPrice,Lineitem compare at price,StockCode,Lineitem fulfillment status,Billing Country,Country,"
    "Cancelled at,Refunded Amount,Lineitem discount"
)
RENAMED_ROWS = """#3101,17,paid,USD,42.00,0.00,,42.00,0.00,2025-03-01 18:22:10 -0500,2,Rag,14.00,,L,,GB,GB,,0.00,0.00
#3101,17,,,,,,,,2025-03-01 18:22:10 -0500,1,Soap Bar,14.00,,SOAP,,,,,,0.00
#3102,23,paid,USD,1240.50,0.00,,1240.50,0.00,2025-03-02 00:05:44 -0500,1,Oak Table,1240.50,,OAK,,DE,DE,,0.00,0.00
#3103,17,paid,USD,42.00,0.00,,42.00,0.00,2025-03-15 11:40:00 -0500,3,Soap Bar,14.00,,SOAP,,GB,GB,,0.00,0.00
#3104,42,paid,USD,27.00,0.00,,27.00,0.00,2025-04-20 09:00:00 -0500,1,Linen Towel,14.00,,LIN,,FR,FR,,0.00,0.00
#3104,42,,,,,,,,2025-04-20 09:00:00 -0500,4,Cup,3.25,,CUP,,,,,,0.00
#3105,57,paid,USD,6.50,0.00,,6.50,0.00,2025-05-13 14:00:00 -0500,2,Cup,3.25,,CUP,,GB,GB,,0.00,0.00
#3106,23,paid,USD,126.00,0.00,,126.00,0.00,2025-06-30 21:30:00 -0500,10,Soap Bar,12.60,,SOAP,,DE,DE,,0.00,0.00
#3107,42,paid,USD,1240.50,0.00,,1240.50,0.00,2025-06-30 23:50:00 -0500,1,Oak Table,1240.50,,OAK,,FR,FR,,0.00,0.00"""


def test_a_shopify_export_with_our_eight_names_is_one_of_whole_orders() -> None:
    made = read(f"{RENAMED}\n{RENAMED_ROWS}")
    assert made.plan.whole_orders
    assert made.figures() == RIGHT
    assert {order.currency for order in made.orders} == {"USD"}
    assert made.orders[0].stated
    assert made.orders[0].stated.total == 42.0


@pytest.mark.parametrize("title", ["Orders export — Fernhill Shop", "", "Report,2025-03-01", "Created by,Maya Orr"])
def test_a_title_row_has_no_known_names(title: str) -> None:
    assert score(title.split(",")) == 0


def test_a_row_of_data_has_hardly_any_known_names() -> None:
    assert score(["3101", "LIN-BLU", "Linen Towel", "2", "2025-03-01 18:22:10", "14.0", "17", "GB"]) == 0


def test_a_header_scores_its_known_names_each_once() -> None:
    assert score([*EIGHT.split(","), "Quantity", "Gift message"]) == 8


@pytest.mark.parametrize("key", SIGNATURES)
def test_the_header_of_every_known_export_is_found_among_title_rows(key: str) -> None:
    signature = SIGNATURES[key]
    columns = [*signature.core, *signature.more]
    assert score(columns) == len({plain(name) for name in columns})


def test_the_names_of_a_mapping_file_count() -> None:
    assert score(["Vorgang", "Wann"], also=("vorgang", "Wann")) == 2


def test_an_unknown_header_names_the_nearest_format_and_a_mapping_to_start_from() -> None:
    with pytest.raises(BadDataError) as error:
        recognise(["event_time", "event_type", "product_id", "price", "user_id", "user_session"])
    message = str(error.value)
    assert "The nearest format is table of order lines" in message
    assert "but it lacks InvoiceNo." in message
    assert 'InvoiceDate: "event_time"' in message
    assert 'UnitPrice: "price"' in message
    assert 'CustomerID: "user_id"' in message
    assert "--map map.yaml" in message


def test_a_platforms_export_that_lacks_a_column_is_named() -> None:
    with pytest.raises(BadDataError, match=r"nearest format is Shopify orders export, but it lacks Created at"):
        recognise(["Name", "Paid by", "Lineitem quantity", "Lineitem name", "Lineitem price"])


def test_control_characters_of_a_header_are_not_shown_as_they_are() -> None:
    with pytest.raises(BadDataError) as error:
        recognise(["\x1b[2J", "b"])
    assert "\x1b" not in str(error.value)


def test_a_format_by_name_takes_the_header_or_says_what_it_lacks() -> None:
    assert recognise(EIGHT.split(","), "lines").key == "lines"
    lacking = "this is no table of order lines: it lacks InvoiceDate, UnitPrice, CustomerID"
    with pytest.raises(BadDataError, match=lacking):
        recognise(["Order ID"], "lines")


def test_an_unknown_format_name_lists_the_formats() -> None:
    with pytest.raises(BadDataError, match=r"no format 'shopfy'; the formats are "):
        recognise(EIGHT.split(","), "shopfy")


def test_the_generic_feed_comes_last() -> None:
    assert list(FORMATS)[-1] == "lines"
