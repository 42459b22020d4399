"""The names that shops give our values in headers, in English and eight more languages, as `spellings.plain` has them.

Each value has tiers of names, the most specific one first. Left out on purpose, as they mean too many things: Name,
Number, ID, State, Code.
"""

from __future__ import annotations

from typing import Final

_NUMBERS: Final = "no number num nr n nro nummer numer numero numara numarasi code ref reference"
_IDS: Final = f"{_NUMBERS} id key kodu codigo codice kod identifiant identificador identificativo identyfikator"
_INVOICES: Final = "invoice rechnung rechnungs beleg factura facture fattura fatura factuur faktura faktury"
_ORDERS: Final = (
    "order orders purchase bestellung bestell auftrag auftrags pedido orden compra commande ordine encomenda "
    "bestelling bestel zamowienie zamowienia siparis"
)
_SLIPS: Final = "transaction receipt document sale bill booking checkout basket transaktion transaccion recibo bon"
_PRODUCTS: Final = (
    "product item article stock variant artikel produkt produktu producto articulo articolo prodotto produto artigo "
    "produit towar towaru urun stok"
)
_CUSTOMERS: Final = "customer client kunde kunden kd cliente klant klanten klient klienta musteri"
_PEOPLE: Final = "user member buyer shopper account contact subscriber patron comprador acheteur acquirente koper alici"
_DATES: Final = "date datum fecha data tarih tarihi datetime timestamp day"
_NAMES: Final = "name title titel nombre nom nome naam nazwa adi bezeichnung description descripcion text omschrijving"


def of(names: str) -> frozenset[str]:
    """Return the names in a text, apart by blanks."""
    return frozenset(names.split())


def _pairs(nouns: str, others: str) -> frozenset[str]:
    """Return each noun with each other word, in both orders: languages differ in it."""
    ends = others.split()
    return frozenset(text for noun in nouns.split() for end in ends for text in (noun + end, end + noun))


TIERS: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "InvoiceNo": (
        of("invoiceno"),
        of("invoice") | _pairs(_INVOICES, _IDS),
        of("factura facture fattura fatura factuur faktura"),
        _pairs(_ORDERS, _NUMBERS),
        _pairs(_ORDERS, _IDS) | of("ordername"),
        of("order pedido commande ordine encomenda bestellung zamowienie siparis"),
        _pairs(_SLIPS, _IDS),
    ),
    "StockCode": (
        of("stockcode"),
        of("sku lineitemsku") | _pairs(_PRODUCTS, "sku code codigo codice kod kodu"),
        _pairs(_PRODUCTS, _IDS),
        of("ean upc gtin barcode isbn asin"),
    ),
    "Description": (
        of("description bezeichnung beschreibung descripcion designation descrizione descricao omschrijving opis")
        | of("aciklama libelle"),
        _pairs(_PRODUCTS, _NAMES) | of("produktname productnaam lineitemname artikelbezeichnung itemdescription"),
        of("product item article artikel produkt producto produit prodotto produto artigo urun title"),
    ),
    "Quantity": (
        of("quantity menge cantidad quantite quantita quantidade aantal ilosc miktar"),
        of("qty quant anzahl cant qte qta qtd qtde hoeveelheid liczba adet stuck stueck unidades")
        | of("ud uds unid unidad stk stck kpl szt quantitat pz pezzi pieces piezas pecas sztuk stuks")
        | _pairs("quantity qty", "ordered sold purchased item order line lineitem product"),
        of("units pieces pcs unitssold itemssold"),
    ),
    "InvoiceDate": (
        of("invoicedate"),
        _pairs(_INVOICES, _DATES),
        _pairs(f"{_ORDERS} ordered", _DATES) | of("orderpurchasetimestamp orderedat orderedon kaufdatum"),
        _pairs(f"{_SLIPS} sales verkauf verkaufs vente venta vendita venda verkoop satis sprzedazy", _DATES),
        of("createdat created datecreated createdon creationdate orderplaced placedat eventtime erstelltam"),
        of("datetime timestamp dateandtime dateheure fechahora dataora datahora"),
        of("date datum fecha data tarih day tag jour"),
    ),
    "UnitPrice": (
        of("unitprice"),
        of("einzelpreis stuckpreis stueckpreis preciounitario prixunitaire prezzounitario precounitario stukprijs")
        | of("eenheidsprijs prijsperstuk cenajednostkowa birimfiyat birimfiyati priceperunit priceperitem priceeach")
        | of("preisprostuck preisprostueck valorunitario pu"),
        of("price preis precio prix prezzo preco prijs cena fiyat fiyati"),
        of("itemprice productprice lineitemprice sellingprice saleprice salesprice verkaufspreis vkpreis prixvente")
        | of("precioventa unitpricenet"),
    ),
    "CustomerID": (
        of("customeruniqueid"),  # Olist: the other one is new with every order
        of("customerid"),
        _pairs(_CUSTOMERS, _IDS) | of("customerref"),
        _pairs(_PEOPLE, _IDS),
        of("customer kunde cliente client klant klient musteri"),
        of("buyer kaufer kaeufer acheteur comprador acquirente koper alici"),
    ),
    "Email": (
        of("customeremail kundenemail emailcustomer emailcliente emailclient emailkunde buyeremail klantemail"),
        of("email emailaddress mail mailadresse emailadresse emailadres correo correoelectronico courriel eposta")
        | of("adresemail adresseemail indirizzoemail epostaadresi adreseemail"),
        of("billingemail emailbilling contactemail useremail clientemail"),
    ),
    "Country": (
        of("country land pais pays paese kraj ulke"),
        of("countryname customercountry countrycode nation landcode"),
        of("shippingcountry shipcountry deliverycountry shiptocountry lieferland paisenvio payslivraison"),
        of("billingcountry billtocountry rechnungsland paisfacturacion paysfacturation"),
    ),
    "Currency": (
        of("currency wahrung waehrung moneda divisa devise valuta moeda waluta parabirimi doviz"),
        of("currencycode ordercurrency currencyiso isocurrency paymentcurrency"),
    ),
    "State": (
        of("orderstatus orderstate invoicestatus bestellstatus auftragsstatus rechnungsstatus bestelstatus")
        | of("estadopedido estadoorden estadofactura statutcommande etatcommande statoordine statuspedido")
        | of("situacaopedido estadoencomenda statuszamowienia siparisdurumu"),
        of("status statut durum durumu"),
    ),
    "PaymentState": (
        of("financialstatus paymentstatus paymentstate zahlungsstatus estadopago statutpaiement statopagamento")
        | of("statuspagamento betaalstatus betalingsstatus statusplatnosci odemedurumu"),
    ),
    "Cancelled": (
        of("cancelledat canceledat cancelleddate canceleddate cancellationdate datecancelled stornodatum storniertam"),
        of("cancelled canceled iscancelled iscanceled storniert storno"),
    ),
    "Refund": (
        _pairs("refund refunded", "amount total value sum") | of("totalamountrefunded ordertotalrefunded")
        | of("erstattungsbetrag erstatteterbetrag importereembolsado montantrembourse importorimborsato")
        | of("valorreembolsado terugbetaaldbedrag kwotazwrotu iadetutari refundedtotal"),
        of("refund refunds erstattung reembolso remboursement rimborso terugbetaling zwrot iade"),
    ),
    "OrderTotal": (
        _pairs("order invoice", "total value totalamount totalprice amount") | of("grandtotal ordersum")
        | of("rechnungsbetrag rechnungssumme bestellwert bestellsumme auftragssumme gesamtbetrag gesamtsumme")
        | of("totalpedido totalfactura importetotal totalcommande totalfacture montanttotal totaleordine")
        | of("totalefattura importototale valorpedido totalencomenda ordertotaal totaalbedrag wartosczamowienia")
        | of("siparistutari siparistoplami faturatutari geneltoplam"),
    ),
    "LineTotal": (
        _pairs("line row item", "total amount value") | of("linetotalprice extendedprice extendedamount lineprice")
        | of("positionssumme zeilensumme positionsbetrag totallinea importelinea totalligne montantligne totaleriga")
        | of("totallinha regeltotaal wartoscpozycji satirtoplami satirtutari"),
    ),
    "Total": (
        of("total totale totaal toplam gesamt summe suma soma"),
        of("totalamount totalprice totalvalue totalsales totalrevenue amount revenue sales turnover netsales")
        | of("gesamtpreis betrag umsatz importe montant importo valor bedrag kwota wartosc tutar preciototal")
        | of("prixtotal prezzototale precototal valortotal totaalprijs toplamtutar totalttc totalht ciro"),
    ),
    "Subtotal": (of("subtotal ordersubtotal zwischensumme soustotal subtotale subtotaal aratoplam"),),
    "Shipping": (
        of("shippingtotal shippingcost shippingcosts shippingamount shippingfee versandkosten verzendkosten")
        | of("gastosenvio fraisport fraislivraison spesespedizione frete freight kargoucreti"),
        of("shipping versand envio livraison spedizione verzending"),
    ),
    "Tax": (of("tax taxes taxtotal taxamount totaltax vat vatamount mwst ust iva tva btw kdv"),),
    "Discount": (of("discountamount discounttotal discounts totaldiscount"),),
    "LineDiscount": (  # an amount or a share: it explains a line's total, and is not read otherwise
        of("discount linediscount lineitemdiscount itemdiscount rabatt descuento remise sconto desconto korting rabat")
        | of("indirim discountrate discountpercent discountpct"),
    ),
    "Time": (
        _pairs("order invoice sale transaction purchase", "time") | of("uhrzeit"),
        of("time zeit hora heure ora tijd godzina saat"),
    ),
}  # fmt: skip
