"""Header spellings: near misses, nine languages, and wrong friends."""

from __future__ import annotations

import pytest

from retention.errors import BadDataError
from seeder.formats.header_names import TIERS
from seeder.formats.spellings import assign, claim, currency_of, passed_over, plain, variants

EIGHT = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
HEADERS = {
    "Online Retail": "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
    "Online Retail II": "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
    "near": "Invoice No.,Stock Code,Description,Qty,Invoice Date,Unit Price (GBP),Customer-ID,Country",
    "nearer": "order_id,SKU,Item Name,Quantity Ordered,Order Date,Unit Price EUR,customer_no,Shipping Country",
    "numbers": "Invoice #,Item Code,Product Name,Units,Invoice Timestamp,Price (each),Customer Number,Ship Country",
    "German": "Rechnungsnr,Artikelnummer,Bezeichnung,Menge,Rechnungsdatum,Einzelpreis,Kundennummer,Land",
    "German, too": "Bestell-Nr.,Artikel-Nr.,Artikelbezeichnung,Stück,Bestelldatum,Preis (€),Kunden-Nr.,Lieferland",
    "Spanish": "NumFactura,CodigoProducto,Descripcion,Cantidad,FechaFactura,PrecioUnitario,IDCliente,Pais",
    "Spanish, too": "Nº de pedido,Código de artículo,Descripción,Cantidad,Fecha del pedido,Precio,Cliente,País",
    "French": "N° de facture,Code article,Désignation,Quantité,Date de facture,Prix unitaire,N° client,Pays",
    "French, too": "Numéro de commande,Référence produit,Libellé,Qté,Date de la commande,Prix,ID client,Pays",
    "Italian": "Numero fattura,Codice prodotto,Descrizione,Quantità,Data fattura,Prezzo unitario,ID cliente,Paese",
    "Italian, too": "N. ordine,Codice articolo,Nome prodotto,Q.tà,Data ordine,Prezzo,Codice cliente,Paese",
    "Portuguese": "Nº da fatura,Código do produto,Descrição,Quantidade,Data da fatura,Preço unitário,ID cliente,País",
    "Portuguese, too": "Número do pedido,Código,Nome do produto,Qtd,Data do pedido,Preço,Código do cliente,País",
    "Dutch": "Factuurnummer,Artikelnummer,Omschrijving,Aantal,Factuurdatum,Stukprijs,Klantnummer,Land",
    "Dutch, too": "Bestelnummer,Productcode,Productnaam,Aantal,Besteldatum,Prijs,Klant-ID,Land",
    "Polish": "Numer faktury,Kod produktu,Opis,Ilość,Data faktury,Cena jednostkowa,ID klienta,Kraj",
    "Polish, too": "Nr zamówienia,Kod towaru,Nazwa produktu,Liczba,Data zamówienia,Cena,Numer klienta,Kraj",
    "Turkish": "Fatura No,Stok Kodu,Açıklama,Miktar,Fatura Tarihi,Birim Fiyat,Müşteri No,Ülke",
    "Turkish, too": "Sipariş Numarası,Ürün Kodu,Ürün Adı,Adet,Sipariş Tarihi,Birim Fiyatı,Müşteri ID,Ülke",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_the_eight_values_are_found_under_their_names_in_nine_languages(header: str) -> None:
    columns = header.split(",")
    expected = {name: at for at, name in enumerate(EIGHT) if columns[at] != "Código"}  # a code of what?
    assert assign(columns) == expected


def test_case_accents_blanks_and_punctuation_do_not_matter() -> None:
    assert {plain(name) for name in ("invoice no.", "Invoice_No", "INVOICE-NO", "InvoiceNo", "ınvoıce no")} == {
        "invoiceno"
    }


def test_units_in_brackets_or_at_the_end_do_not_matter() -> None:
    assert {variants(name)[-1] for name in ("Price (GBP)", "Price [€]", "Price EUR", "price")} == {"price"}


@pytest.mark.parametrize(
    ("header", "field", "column"),
    [
        ("Customer,Customer ID", "CustomerID", "Customer ID"),
        ("Order ID,Invoice No", "InvoiceNo", "Invoice No"),
        ("order_id,order_number", "InvoiceNo", "order_number"),
        ("Date,Order Date,Ship Date", "InvoiceDate", "Order Date"),
        ("Price,Unit Price", "UnitPrice", "Unit Price"),
        ("customer_id,customer_unique_id", "CustomerID", "customer_unique_id"),
        ("Billing Country,Shipping Country", "Country", "Shipping Country"),
        ("Product,Description", "Description", "Description"),
        ("Status,Order Status,Fulfillment Status", "State", "Order Status"),
    ],
)
def test_of_two_columns_for_one_value_the_more_specific_wins(header: str, field: str, column: str) -> None:
    columns = header.split(",")
    assert columns[assign(columns)[field]] == column


def test_two_columns_that_say_the_same_are_named() -> None:
    with pytest.raises(BadDataError, match=r"CustomerID: the columns 'Client No' and 'Customer Number' say the same"):
        assign(["Client No", "Customer Number"])


@pytest.mark.parametrize(
    "name",
    ["Name", "Number", "ID", "State", "Code", "Customer Name", "Fulfillment Status", "Ship Date", "Due Date", "Notes"],
)
def test_a_name_that_can_mean_anything_holds_none_of_our_values(name: str) -> None:
    assert claim(name) is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Unit Price (GBP)", "GBP"),
        ("Price EUR", "EUR"),
        ("price_usd", "USD"),
        ("Preis (€)", "EUR"),
        ("Price ($)", None),
        ("Retry", None),
    ],
)
def test_a_header_may_name_the_currency(name: str, code: str | None) -> None:
    assert currency_of(name) == code


def test_no_name_stands_for_two_values() -> None:
    names = [name for tiers in TIERS.values() for name in frozenset().union(*tiers)]
    assert len(names) == len(set(names))


def test_unused_columns_of_money_states_and_currencies_are_passed_over_by_name() -> None:
    columns = ["InvoiceNo", "Fulfillment Status", "Gift Wrap Fee", "Notes", "Lineitem discount"]
    assert passed_over(columns, [0]) == ("Fulfillment Status", "Gift Wrap Fee", "Lineitem discount")
