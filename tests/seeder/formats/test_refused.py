"""Exports that cannot work are refused by name, with the export to use instead."""

from __future__ import annotations

import pytest

from retention.errors import BadDataError
from seeder.formats.recognise import recognise

CASES = {
    "Amazon": (
        "amazon-order-id,merchant-order-id,purchase-date,order-status,sku,quantity,currency,item-price,ship-country",
        ("Amazon's all-orders report", "no buyer", "Fulfilled Shipments"),
    ),
    "Amazon with buyers": (
        "amazon-order-id,purchase-date,buyer-email,sku,quantity-shipped,currency,item-price,ship-country",
        ("that of a line", "price_per: line", "--map"),
    ),
    "Woo Analytics": (
        "Date,Order #,N. Revenue (formatted),Status,Customer,Customer type,Product(s),Items sold,Coupon(s),Net Sales",
        ("WooCommerce Analytics", "no e-mail or customer id", "Advanced Order Export", "WebToffee", "REST API"),
    ),
    "Instacart": (
        "order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order",
        ("Instacart", "no dates"),
    ),
    "Instacart products": ("order_id,product_id,add_to_cart_order,reordered", ("Instacart", "no people")),
    "BankChurners": (
        "CLIENTNUM,Attrition_Flag,Customer_Age,Gender,Dependent_count,Months_on_book,Total_Trans_Amt,Total_Trans_Ct",
        ("BankChurners", "one row per customer: this needs order lines"),
    ),
    "FLO": (
        "master_id,order_channel,first_order_date,last_order_date,order_num_total_ever_online,customer_value_total_ever_online",
        ("FLO", "one row per customer: this needs order lines"),
    ),
    "Telco": (
        "customerID,gender,SeniorCitizen,tenure,Contract,MonthlyCharges,TotalCharges,Churn",
        ("Telco", "one row per customer"),
    ),
    "RFM table": ("CustomerID,Recency,Frequency,Monetary", ("table of customers", "this needs order lines")),
    "Shopify customers": (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags",
        ("Shopify customers export", "Orders → Export"),
    ),
    "Shopify products": (
        "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Variant SKU,Variant Price",
        ("Shopify products export", "Orders → Export"),
    ),
    "Shopify transactions": ("Order,Name,Kind,Gateway,Created At,Status,Amount,Currency", ("Shopify transactions",)),
    "Google Analytics": ("Transaction ID,Ecommerce purchases,Purchase revenue", ("Google Analytics", "no people")),
    "GA4 in BigQuery": ("event_date,event_timestamp,event_name,user_pseudo_id", ("Google Analytics", "browsers")),
    "Olist's orders": (
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at",
        ("Olist's orders alone", "give the folder or the zip"),
    ),
    "Olist's items": ("order_id,order_item_id,product_id,seller_id,price", ("Olist's items alone", "the folder")),
    "Olist's customers": ("customer_id,customer_unique_id,customer_city", ("Olist's customers alone", "the folder")),
    "product list": ("SKU,Title,Price,Stock", ("list of products", "export the orders")),
    "orders without people": ("Order ID,Order Date,Customer Name,Total", ("no column says who bought", "e-mail")),
}


@pytest.mark.parametrize(("header", "said"), CASES.values(), ids=CASES)
def test_an_export_that_cannot_work_is_named_with_the_way_out(header: str, said: tuple[str, ...]) -> None:
    with pytest.raises(BadDataError) as error:
        recognise(header.split(","))
    assert [part for part in said if part not in str(error.value)] == []
