"""Real headers with invented rows: what each quirk of a platform's export becomes."""
# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING

from exports.etsy import SOLD_ORDERS
from exports.reading import either_number

from seeder.formats import etsy, magento, shopify, square, stripe, superstore, woo_advanced, woo_webtoffee
from seeder.formats.completeness import complete
from seeder.formats.plan import Cells, Line, Order, Plan, Stated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MAYA = "maya@fernhill.example"

SHOPIFY = r"""
Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,Billing Phone,Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,Duties,Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At,Payment References
#2001,maya@fernhill.example,paid,2025-03-01 10:00:05 -0500,fulfilled,2025-03-02 09:10:00 -0500,yes,USD,42.00,5.00,3.36,50.36,,0.00,Standard,2025-03-01 09:59:41 -0500,2,Linen Towel - Blue,14.00,,LIN-BLU,true,true,fulfilled,Maya Orr,,,,,,'04101,,US,,,,,,,,,,US,,,,,Shopify Payments,,14.00,Fernhill,0.00,,,,5990000000011,,Low,web,0.00,State Tax 8%,3.36,,,,,,,,,,,,,,,,,
#2001,maya@fernhill.example,,,,,,,,,,,,,,,1,Soap Bar,14.00,,SOAP-1,true,true,fulfilled,,,,,,,,,,,,,,,,,,,,,,,,,,,Fernhill,,,,,,,,,0.00,,,,,,,,,,,,,,,,,,,
#2002,,voided,,unfulfilled,,no,EUR,9.90,0.00,0.00,9.90,SPRING,1.10,,2025-03-02 00:12:09 +0100,1,Gift Card,11.00,,,true,true,pending,,,,,,,,,,,,,,,,,,,,,,,2025-03-02 08:00:00 +0100,,,0.00,Fernhill,,,,,5990000000012,,,pos,0.00,,,,,,,,,,,,,,,,,,,
"""

WOO_ADVANCED = r'''
Order Number,Order Status,Order Date,Customer Note,First Name (Billing),Last Name (Billing),Company (Billing),Address 1&2 (Billing),City (Billing),State Code (Billing),Postcode (Billing),Country Code (Billing),Email (Billing),Phone (Billing),First Name (Shipping),Last Name (Shipping),Address 1&2 (Shipping),City (Shipping),State Code (Shipping),Postcode (Shipping),Country Code (Shipping),Item #,SKU,Name,Product Variation,Quantity,Quantity (- Refund),Item Cost,Order Line (w/o tax),Order Line Tax,Order Line Total,Order Line Total Refunded,Order Line Total (- Refund),Image URL
3101,Completed,2025-03-01 18:22,,Maya,Orr,,,,,,GB,maya@fernhill.example,,,,,,,,,1,LIN-BLU,Linen Towel,Blue,2,1,14,28,0,28,14,14,
3101,Completed,2025-03-01 18:22,,,,,,,,,GB,maya@fernhill.example,,,,,,,,,2,SOAP-1,Soap Bar,,1,1,14,14,0,14,0,14,
3102,Cancelled,2025-03-02 00:05,,,,,,,,,DE,,,,,,,,,,1,,"Oak Table, ""wide""",,1,1,1240.5,1240.5,0,1240.5,0,1240.5,
'''

WEBTOFFEE = r"""
order_id,order_number,order_date,paid_date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,tax_total,cart_discount,order_discount,discount_total,order_total,order_subtotal,order_currency,payment_method,payment_method_title,transaction_id,customer_ip_address,customer_user_agent,shipping_method,customer_id,customer_user,customer_email,billing_first_name,billing_last_name,billing_company,billing_email,billing_phone,billing_address_1,billing_address_2,billing_postcode,billing_city,billing_state,billing_country,shipping_first_name,shipping_last_name,shipping_company,shipping_phone,shipping_address_1,shipping_address_2,shipping_postcode,shipping_city,shipping_state,shipping_country,customer_note,wt_import_key,shipping_items,fee_items,tax_items,coupon_items,refund_items,order_notes,download_permissions,line_item_1,line_item_2
3101,3101,2025-03-01 18:22:10,2025-03-01 18:22:12,completed,4.00,,,,0,,,0,46.00,42.00,GBP,,,,,,,17,17,maya@fernhill.example,,,,maya@fernhill.example,,,,,,,GB,,,,,,,,,,,,,,,,,amount:14|reason:|date:2025-03-02 09:11:00,,,name:Linen Towel|product_id:61|sku:LIN-BLU|quantity:2|total:28.00|sub_total:28.00,name:Soap Bar|product_id:62|sku:SOAP-1|quantity:1|total:14.00|sub_total:14.00
3102,3102,2025-03-02 00:05:44,,processing,,,,,,,,,1240.50,1240.50,EUR,,,,,,,0,0,,,,,guest@example.org,,,,,,,DE,,,,,,,,,,,,,,,,,,,,name:Oak Table|product_id:70|sku:|quantity:1|total:1240.50|sub_total:1240.50,
3103,3103,2025-03-02 11:40:00,,cancelled,,,,,,,,,14.00,,GBP,,,,,,,0,,,,,,Maya@Fernhill.example,,,,,,,GB,,,,,,,,,,,,,,,,,,,,name:Soap Bar|product_id:62|sku:SOAP-1|quantity:1|total:14.00|sub_total:14.00,
"""

MAGENTO = r"""
ID,Purchase Point,Purchase Date,Bill-to Name,Ship-to Name,Grand Total (Base),Grand Total (Purchased),Status,Billing Address,Shipping Address,Shipping Information,Customer Email,Customer Group,Subtotal,Shipping and Handling,Customer Name,Payment Method,Total Refunded,Allocated sources,Pickup Location Code,Braintree Transaction Source,Dispute State
000000123,"Main Website
Main Website Store
Default Store View","Mar 1, 2025 6:22:10 PM",Maya Orr,,46.00,46.00,complete,,,,maya@fernhill.example,1,42.00,4.00,Maya Orr,,14.00,,,,
000000124,Main Website,"Mar 2, 2025 12:05:44 AM",,,1344.80,1240.50,processing,,,,guest@example.org,0,1344.80,0.00,Guest,,,,,,
000000125,Main Website,"Mar 2, 2025 11:40:00 AM",,,14.00,14.00,canceled,,,,maya@fernhill.example,1,14.00,,,,,,,,
"""

SQUARE = r"""
Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name,Customer Reference ID,Unit,Count,GTIN,Itemization Type,Commission,Employee,Fulfillment Note,Channel,Token,Card Brand,PAN Suffix
2025-03-01,13:02:11,Eastern Time (US & Canada),Soap,Soap Bar,2.0,Regular,SOAP-1,,$28.00,-$3.00,$25.00,$2.00,TQ1aX,PQ1,,,,Payment,Main,,CUSTX9YZ,Maya Orr,,,2,,Physical Good,$0.00,,,Main,,,
2025-03-01,13:02:11,Eastern Time (US & Canada),Deli,Olives,0.255,Regular,,,"$1,020.40",$0.00,"$1,020.40",$0.00,TQ1aX,PQ1,,,,Payment,Main,,,,,kg,1,,Physical Good,,,,,,,
2025-03-04,10:00:00,Eastern Time (US & Canada),,Soap Bar,-1.0,,SOAP-1,,-$14.00,$1.50,-$12.50,-$1.00,TQ1aX,PQ1R,,,,Refund,Main,,CUSTX9YZ,Maya Orr,,,1,,,,,,,,,
"""

STRIPE = r"""
id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,Converted Amount Refunded,Fee,Tax,Converted Currency,Mode,Status,Statement Descriptor,Customer ID,Customer Description,Customer Email,Captured,Card ID
ch_3Qa1,Order 3101,Payment complete.,2025-03-01 18:22,46.00,14.00,gbp,46.00,14.00,1.10,,gbp,Live,Paid,,cus_Ab12Cd,,maya@fernhill.example,true,
ch_3Qa2,,,2025-03-02 00:05,"1240,50","0,00",eur,1043.80,,,,gbp,Live,Paid,,,,guest@example.org,true,
ch_3Qa3,,The bank declined.,2025-03-02 00:04,46.00,0.00,gbp,,,,,,Test,Failed,,,,,false,
"""

ETSY = r"""
Sale Date,Item Name,Buyer,Quantity,Price,Coupon Code,Coupon Details,Discount Amount,Shipping Discount,Order Shipping,Order Sales Tax,Item Total,Currency,Transaction ID,Listing ID,Date Paid,Date Shipped,Ship Name,Ship Address1,Ship City,Ship State,Ship Zipcode,Ship Country,Order ID,Variations,Order Type,Listings Type,Payment Type,InPerson Discount,InPerson Location,VAT Paid by Buyer,SKU
03/01/25,Linen Towel,mayaorr,2,14.00,,,,,4.00,0,28.00,GBP,7001,901,03/01/25,,,,,,,United Kingdom,4001,,online,,,,,,LIN-BLU
03/01/25,Soap Bar,mayaorr,1,14.00,,,,,,,14.00,GBP,7002,902,,,,,,,,,4001,,,,,,,,SOAP-1
03/13/25,"Print A5, framed",,1,"12,00",,,"1,00",,,,"12,00",EUR,7003,903,,,,,,,,,4002,,,,,,,,
"""

SUPERSTORE = r'''
Row ID,Order ID,Order Date,Ship Date,Ship Mode,Customer ID,Customer Name,Segment,Country,City,State,Postal Code,Region,Product ID,Category,Sub-Category,Product Name,Sales,Quantity,Discount,Profit
1,CA-2016-000101,11/8/2016,11/11/2016,Second Class,MO-10001,Maya Orr,Consumer,United States,,,,,FUR-BO-1,,,Bookcase,261.96,2,0,41.91
2,CA-2016-000101,11/8/2016,11/11/2016,,MO-10001,,,United States,,,,,OFF-PA-2,,,"Paper, ""A4""",14.62,1,0.2,5.2
3,US-2015-000102,10/11/2015,,,GU-10002,,,United States,,,,,TEC-AC-3,,,Cable,957.5775,5,0.45,-383.03
'''


def _read(
    make: Callable[[Sequence[str]], Plan | None], text: str, currency: str | None = None
) -> tuple[Plan, list[Order], list[Line]]:
    """The plan of an example, its orders, and its lines when it is a line feed."""
    columns, *rows = csv.reader(io.StringIO(text.strip()))
    plan = make(columns)
    assert plan is not None
    picked = [tuple((row + [""] * len(columns))[at] for at in plan.positions) for row in rows]
    cells = Cells(either_number, currency)
    made = [] if plan.orders is None else list(plan.orders(iter(picked), cells))
    orders = [one for one in made if isinstance(one, Order)]
    lines = [] if plan.lines is None else list(plan.lines(iter(picked), cells))
    return plan, orders, lines


def _money(order: Order) -> list[tuple[str | None, float, float]]:
    """The product, quantity and total of each line."""
    return [(line[1], line[3], line[8]) for line in order.lines]


def test_shopify_carries_the_order_down_and_returns_what_was_refunded() -> None:
    plan, (first, second), _ = _read(shopify.plan, SHOPIFY)
    assert _money(first) == [("LIN-BLU", 2, 28), ("SOAP-1", 1, 14), (None, -1, -14)]
    assert {(line[4], line[6], line[7]) for line in first.lines} == {("2025-03-01 09:59:41 -0500", MAYA, "US")}
    assert first[2:5] == (None, "USD", Stated(50.36, 42, 5, 3.36, 0, 14))
    assert _money(second) == [("Gift Card", 1, 9.9)]
    assert (second.state, second.currency, second.lines[0][6]) == ("cancelled", "EUR", None)
    assert "Outstanding Balance" in plan.passed_over


def test_shopify_without_the_columns_of_newer_files() -> None:
    columns, *rows = csv.reader(io.StringIO(SHOPIFY.strip()))
    older = columns.index("Cancelled at") + 1
    text = "\n".join(",".join(row[:older]) for row in (columns, *rows))
    _, (first, second), _ = _read(shopify.plan, text)
    assert (_money(first), first.state) == ([("LIN-BLU", 2, 28), ("SOAP-1", 1, 14)], None)
    assert (_money(second), second.state) == ([("Gift Card", 1, 9.9)], "cancelled")


def test_shopify_rows_whose_order_began_in_another_file_are_incomplete() -> None:
    header, _, further, _ = SHOPIFY.strip().splitlines()
    _, (order,), _ = _read(shopify.plan, f"{header}\n{further}")
    assert order.partial
    assert not complete(order)


def test_shopify_order_that_lacks_a_line_misses_its_subtotal() -> None:
    header, first, further, _ = SHOPIFY.strip().splitlines()
    _, (whole,), _ = _read(shopify.plan, f"{header}\n{first}\n{further}")
    _, (cut,), _ = _read(shopify.plan, f"{header}\n{first}")
    assert (complete(whole), complete(cut)) == (True, False)


def test_woo_advanced_returns_a_refund_with_its_product() -> None:
    _, (first, second), _ = _read(woo_advanced.plan, WOO_ADVANCED)
    assert _money(first) == [("LIN-BLU", 2, 28), ("SOAP-1", 1, 14), ("LIN-BLU", -1, -14)]
    assert {line[6] for line in first.lines} == {MAYA}
    assert first.state is None
    assert _money(second) == [('Oak Table, "wide"', 1, 1240.5)]
    assert (second.state, second.lines[0][6]) == ("cancelled", None)


def test_woo_advanced_in_german() -> None:
    text = """Bestelldatum;Bestellnummer;Bestellstatus;E-Mail (Rechnung);Artikelname;Menge;Bestellposition Gesamt
01.03.2025 18:22;3101;Abgeschlossen;MAYA@fernhill.example;Leinentuch;2;28,00
;;;;Seife;1;14,00
02.03.2025 00:05;3102;Storniert;;Tisch;1;1240,50"""
    rows = "\n".join(",".join(f'"{cell}"' for cell in row.split(";")) for row in text.splitlines())
    _, (first, second), _ = _read(woo_advanced.plan, rows)
    assert _money(first) == [("Leinentuch", 2, 28), ("Seife", 1, 14)]
    assert (first.lines[1][4], first.lines[1][6], second.state) == ("01.03.2025 18:22", MAYA, "cancelled")


def test_webtoffee_unfolds_items_and_dates_refunds() -> None:
    _, (first, second, third), _ = _read(woo_webtoffee.plan, WEBTOFFEE)
    assert _money(first) == [("LIN-BLU", 2, 28), ("SOAP-1", 1, 14), (None, -1, -14)]
    assert first.lines[2][4] == datetime(2025, 3, 2, 9, 11)  # noqa: DTZ001 - the shop's wall clock
    assert first.stated == Stated(46, 42, 4, 0, 0, 14)
    assert (_money(second), second.currency) == ([("Oak Table", 1, 1240.5)], "EUR")
    assert (second.lines[0][6], third.lines[0][6], third.state) == ("guest@example.org", MAYA, "cancelled")


def test_magento_is_one_line_of_its_base_total() -> None:
    _, (first, second, third), _ = _read(magento.plan, MAGENTO)
    assert _money(first) == [(None, 1, 46), (None, -1, -14)]
    assert first.lines[0][4] == "Mar 1, 2025 6:22:10 PM"
    assert (_money(second), second.lines[0][6]) == ([(None, 1, 1344.8)], "guest@example.org")
    assert third.state == "cancelled"


def test_square_joins_day_and_time_and_dates_its_refunds() -> None:
    plan, (order,), _ = _read(square.plan, SQUARE)
    assert _money(order) == [("SOAP-1", 2, 25), ("Olives", 0.255, 1020.4), ("SOAP-1", -1, -12.5)]
    assert [line[4] for line in order.lines] == ["2025-03-01 13:02:11"] * 2 + ["2025-03-04 10:00:00"]
    assert {line[6] for line in order.lines} == {"CUSTX9YZ"}
    assert order.lines[0][5] == 12.5
    assert plan.zone_column is not None


def test_square_refund_of_a_sale_in_another_file_comes_apart() -> None:
    header, _, _, refund = SQUARE.strip().splitlines()
    _, (order,), _ = _read(square.plan, f"{header}\n{refund}")
    assert (_money(order), order.apart, complete(order)) == ([("SOAP-1", -1, -12.5)], True, True)


def test_square_day_and_time_as_a_spreadsheet_stores_them() -> None:
    _, (order,), _ = _read(square.plan, "Date,Time,Item,Qty,Net Sales,Transaction ID\n45717,0.5,Cup,1,3.25,T1")
    assert order.lines[0][4] == "45717.5000000000"


def test_stripe_takes_what_was_converted_and_tells_test_charges() -> None:
    plan, (first, second, third), _ = _read(stripe.plan, STRIPE, "GBP")
    assert _money(first) == [(None, 1, 46), (None, -1, -14)]
    assert (first.lines[0][2], first.lines[0][6], first.currency) == ("Order 3101", MAYA, "GBP")
    assert (_money(second), second.currency) == ([(None, 1, 1043.8)], "GBP")
    assert third.state == "test"
    assert plan.zone == "UTC"


def test_stripe_in_another_currency_than_the_shops_stays_in_it() -> None:
    _, (_, second, _), _ = _read(stripe.plan, STRIPE, "EUR")
    assert (_money(second), second.currency) == ([(None, 1, 1240.5)], "EUR")


def test_stripe_refund_is_dated_by_itself_where_the_file_says_when() -> None:
    text = """id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Refunded date (UTC),Status
ch_1,2025-03-01 18:22,46.00,46.00,gbp,true,2025-03-09 10:00,Refunded
ch_2,2025-03-01 18:22,46.00,0.00,gbp,false,,Uncaptured"""
    plan, (first, second), _ = _read(stripe.plan, text)
    assert [line[4] for line in first.lines] == ["2025-03-01 18:22", "2025-03-09 10:00"]
    assert (first.state, second.state, len(plan.dates)) == (None, "uncaptured", 2)


def test_etsy_takes_the_discount_off_and_has_no_name_for_guests() -> None:
    _, (first, second), _ = _read(etsy.plan, ETSY)
    assert (_money(first), first.currency) == ([("LIN-BLU", 2, 28), ("SOAP-1", 1, 14)], "GBP")
    assert first.stated == Stated(None, 42, 4, 0)
    assert (_money(second), second.currency) == ([("903", 1, 11)], "EUR")
    assert (first.lines[0][6], second.lines[0][6]) == ("mayaorr", None)


def test_etsys_other_file_without_items_is_no_plan() -> None:
    assert etsy.plan(SOLD_ORDERS) is None


def test_superstore_is_a_line_feed_whose_sales_are_line_totals() -> None:
    plan, _, lines = _read(superstore.plan, SUPERSTORE)
    assert not plan.whole_orders
    assert [(line[0], line[3], line[8]) for line in lines] == [
        ("CA-2016-000101", 2, 261.96),
        ("CA-2016-000101", 1, 14.62),
        ("US-2015-000102", 5, 957.5775),
    ]
    assert (lines[0][5], lines[0][6], lines[1][2]) == (130.98, "MO-10001", 'Paper, "A4"')
