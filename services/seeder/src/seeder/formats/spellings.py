"""How shops spell our values in headers: English near misses and eight more languages.

Names are compared plain: case, accents, punctuation, blanks and small words such as "de" are ignored, and so are units
in brackets. Each value has tiers of names, the most specific one first. Left out on purpose, as they mean too many
things: Name, Number, ID, State, Code.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from retention.errors import BadDataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BRACKETS: Final = re.compile(r"[(\[{][^)\]}]*[)\]}]")
_CODES: Final = "gbp|eur|usd|chf|pln|try|brl|sek|nok|dkk|czk|cad|aud|jpy"
_TAXED: Final = r"ttc|ht|brutto|netto|(?:inkl?|incl?|excl?|exkl?)\.?[\s_-]?(?:mwst|ust|vat|tax|btw|iva|kdv)\.?"
_UNIT: Final = re.compile(rf"[\s_-]+({_CODES}|tl|euro|{_TAXED})$", re.IGNORECASE)
_CODE: Final = re.compile(rf"(?:[\s_-]|[(\[])({_CODES})[)\]]?$", re.IGNORECASE)
_SIGNS: Final = {"€": "EUR", "£": "GBP", "zł": "PLN", "₺": "TRY", "R$": "BRL"}  # $, kr and ¥ are several currencies'
_WORD: Final = re.compile(r"[^\W_]+")
_LETTERS: Final = str.maketrans("łıøđ", "liod")  # they do not decompose into a letter and an accent
_PARTICLES: Final = "de da do di du del della dei des der van of the la le el il d l"
_SMALL: Final = frozenset(_PARTICLES.split())

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


def plain(name: str) -> str:
    """Return the name as it is compared: `Invoice No.` is `invoiceno`, `Nº de pedido` is `nopedido`."""
    spaced = _CAMEL.sub(" ", name.replace("#", " number "))
    letters = unicodedata.normalize("NFKD", spaced).casefold().translate(_LETTERS)
    letters = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = _WORD.findall(letters)
    return "".join([word for word in words if word not in _SMALL] or words)


def variants(name: str) -> tuple[str, ...]:
    """Return the plain name, and the ones without units: `Price (GBP)` and `Price GBP` are `price`, too."""
    bare = _BRACKETS.sub(" ", name)
    return tuple(dict.fromkeys(filter(None, (plain(name), plain(bare), plain(_UNIT.sub("", bare.strip()))))))


def currency_of(name: str) -> str | None:
    """Return the ISO code of the currency in a header, as in `Price (EUR)` or `Total in £`; None without one."""
    if found := _CODE.search(name.strip()):
        return found[1].upper()
    return next((code for sign, code in _SIGNS.items() if sign in name), None)


def _of(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _pairs(nouns: str, others: str) -> frozenset[str]:
    """Return each noun with each other word, in both orders: languages differ in it."""
    ends = others.split()
    return frozenset(text for noun in nouns.split() for end in ends for text in (noun + end, end + noun))


_TIERS: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "InvoiceNo": (
        _of("invoiceno"),
        _of("invoice") | _pairs(_INVOICES, _IDS),
        _of("factura facture fattura fatura factuur faktura"),
        _pairs(_ORDERS, _NUMBERS),
        _pairs(_ORDERS, _IDS) | _of("ordername"),
        _of("order pedido commande ordine encomenda bestellung zamowienie siparis"),
        _pairs(_SLIPS, _IDS),
    ),
    "StockCode": (
        _of("stockcode"),
        _of("sku lineitemsku") | _pairs(_PRODUCTS, "sku code codigo codice kod kodu"),
        _pairs(_PRODUCTS, _IDS),
        _of("ean upc gtin barcode isbn asin"),
    ),
    "Description": (
        _of("description bezeichnung beschreibung descripcion designation descrizione descricao omschrijving opis")
        | _of("aciklama libelle"),
        _pairs(_PRODUCTS, _NAMES) | _of("produktname productnaam lineitemname artikelbezeichnung itemdescription"),
        _of("product item article artikel produkt producto produit prodotto produto artigo urun title"),
    ),
    "Quantity": (
        _of("quantity menge cantidad quantite quantita quantidade aantal ilosc miktar"),
        _of("qty quant anzahl cant qte qta qtd qtde hoeveelheid liczba adet stuck stueck unidades")
        | _of("ud uds unid unidad stk stck kpl szt quantitat pz pezzi pieces piezas pecas sztuk stuks")
        | _pairs("quantity qty", "ordered sold purchased item order line lineitem product"),
        _of("units pieces pcs unitssold itemssold"),
    ),
    "InvoiceDate": (
        _of("invoicedate"),
        _pairs(_INVOICES, _DATES),
        _pairs(f"{_ORDERS} ordered", _DATES) | _of("orderpurchasetimestamp orderedat orderedon kaufdatum"),
        _pairs(f"{_SLIPS} sales verkauf verkaufs vente venta vendita venda verkoop satis sprzedazy", _DATES),
        _of("createdat created datecreated createdon creationdate orderplaced placedat eventtime erstelltam"),
        _of("datetime timestamp dateandtime dateheure fechahora dataora datahora"),
        _of("date datum fecha data tarih day tag jour"),
    ),
    "UnitPrice": (
        _of("unitprice"),
        _of("einzelpreis stuckpreis stueckpreis preciounitario prixunitaire prezzounitario precounitario stukprijs")
        | _of("eenheidsprijs prijsperstuk cenajednostkowa birimfiyat birimfiyati priceperunit priceperitem priceeach")
        | _of("preisprostuck preisprostueck valorunitario pu"),
        _of("price preis precio prix prezzo preco prijs cena fiyat fiyati"),
        _of("itemprice productprice lineitemprice sellingprice saleprice salesprice verkaufspreis vkpreis prixvente")
        | _of("precioventa unitpricenet"),
    ),
    "CustomerID": (
        _of("customeruniqueid"),  # Olist: the other one is new with every order
        _of("customerid"),
        _pairs(_CUSTOMERS, _IDS) | _of("customerref"),
        _pairs(_PEOPLE, _IDS),
        _of("customer kunde cliente client klant klient musteri"),
        _of("buyer kaufer kaeufer acheteur comprador acquirente koper alici"),
    ),
    "Email": (
        _of("customeremail kundenemail emailcustomer emailcliente emailclient emailkunde buyeremail klantemail"),
        _of("email emailaddress mail mailadresse emailadresse emailadres correo correoelectronico courriel eposta")
        | _of("adresemail adresseemail indirizzoemail epostaadresi adreseemail"),
        _of("billingemail emailbilling contactemail useremail clientemail"),
    ),
    "Country": (
        _of("country land pais pays paese kraj ulke"),
        _of("countryname customercountry countrycode nation landcode"),
        _of("shippingcountry shipcountry deliverycountry shiptocountry lieferland paisenvio payslivraison"),
        _of("billingcountry billtocountry rechnungsland paisfacturacion paysfacturation"),
    ),
    "Currency": (
        _of("currency wahrung waehrung moneda divisa devise valuta moeda waluta parabirimi doviz"),
        _of("currencycode ordercurrency currencyiso isocurrency paymentcurrency"),
    ),
    "State": (
        _of("orderstatus orderstate invoicestatus bestellstatus auftragsstatus rechnungsstatus bestelstatus")
        | _of("estadopedido estadoorden estadofactura statutcommande etatcommande statoordine statuspedido")
        | _of("situacaopedido estadoencomenda statuszamowienia siparisdurumu"),
        _of("status statut durum durumu"),
    ),
    "PaymentState": (
        _of("financialstatus paymentstatus paymentstate zahlungsstatus estadopago statutpaiement statopagamento")
        | _of("statuspagamento betaalstatus betalingsstatus statusplatnosci odemedurumu"),
    ),
    "Cancelled": (
        _of("cancelledat canceledat cancelleddate canceleddate cancellationdate datecancelled stornodatum storniertam"),
        _of("cancelled canceled iscancelled iscanceled storniert storno"),
    ),
    "Refund": (
        _pairs("refund refunded", "amount total value sum") | _of("totalamountrefunded ordertotalrefunded")
        | _of("erstattungsbetrag erstatteterbetrag importereembolsado montantrembourse importorimborsato")
        | _of("valorreembolsado terugbetaaldbedrag kwotazwrotu iadetutari refundedtotal"),
        _of("refund refunds erstattung reembolso remboursement rimborso terugbetaling zwrot iade"),
    ),
    "OrderTotal": (
        _pairs("order invoice", "total value totalamount totalprice amount") | _of("grandtotal ordersum")
        | _of("rechnungsbetrag rechnungssumme bestellwert bestellsumme auftragssumme gesamtbetrag gesamtsumme")
        | _of("totalpedido totalfactura importetotal totalcommande totalfacture montanttotal totaleordine")
        | _of("totalefattura importototale valorpedido totalencomenda ordertotaal totaalbedrag wartosczamowienia")
        | _of("siparistutari siparistoplami faturatutari geneltoplam"),
    ),
    "LineTotal": (
        _pairs("line row item", "total amount value") | _of("linetotalprice extendedprice extendedamount lineprice")
        | _of("positionssumme zeilensumme positionsbetrag totallinea importelinea totalligne montantligne totaleriga")
        | _of("totallinha regeltotaal wartoscpozycji satirtoplami satirtutari"),
    ),
    "Total": (
        _of("total totale totaal toplam gesamt summe suma soma"),
        _of("totalamount totalprice totalvalue totalsales totalrevenue amount revenue sales turnover netsales")
        | _of("gesamtpreis betrag umsatz importe montant importo valor bedrag kwota wartosc tutar preciototal")
        | _of("prixtotal prezzototale precototal valortotal totaalprijs toplamtutar totalttc totalht ciro"),
    ),
    "Subtotal": (_of("subtotal ordersubtotal zwischensumme soustotal subtotale subtotaal aratoplam"),),
    "Shipping": (
        _of("shippingtotal shippingcost shippingcosts shippingamount shippingfee versandkosten verzendkosten")
        | _of("gastosenvio fraisport fraislivraison spesespedizione frete freight kargoucreti"),
        _of("shipping versand envio livraison spedizione verzending"),
    ),
    "Tax": (_of("tax taxes taxtotal taxamount totaltax vat vatamount mwst ust iva tva btw kdv"),),
    "Discount": (_of("discountamount discounttotal discounts totaldiscount"),),
    "LineDiscount": (  # an amount or a share: it explains a line's total, and is not read otherwise
        _of("discount linediscount lineitemdiscount itemdiscount rabatt descuento remise sconto desconto korting rabat")
        | _of("indirim discountrate discountpercent discountpct"),
    ),
    "Time": (
        _pairs("order invoice sale transaction purchase", "time") | _of("uhrzeit"),
        _of("time zeit hora heure ora tijd godzina saat"),
    ),
}  # fmt: skip

_CLAIMS: Final = {  # backwards: a name in several tiers counts in its first
    name: (field, tier)
    for field, tiers in _TIERS.items()
    for tier, names in reversed(tuple(enumerate(tiers)))
    for name in names
}
KNOWN: Final = frozenset(_CLAIMS)
_QUIET: Final = frozenset(
    {"Total", "Subtotal", "Shipping", "Tax", "Discount", "LineDiscount", "LineTotal", "OrderTotal", "Time"}
)
_NO_MONEY: Final = _of("InvoiceNo StockCode Description Quantity InvoiceDate CustomerID Email Country Time")
_MONEY: Final = re.compile(
    "status|currency|total|amount|price|discount|tax$|taxes|refund|cancel|fee$|revenue|sales|balance|vat$|freight"
    "|preis|summe|betrag|rabatt|precio|importe|descuento|prix|montant|remise|prezzo|sconto|preco|desconto|prijs"
    "|korting|kwota|rabat|tutar|indirim"
)


def claim(name: str) -> tuple[str, int] | None:
    """Return the value that a column of this name holds and the tier of the name, None for an unknown name."""
    return next((_CLAIMS[text] for text in variants(name) if text in _CLAIMS), None)


def assign(columns: Sequence[str]) -> dict[str, int]:
    """Return the position of each value, our eight and the extras; of two that claim the same, the more specific.

    Raises BadDataError, which names both columns when their names are equally specific. Of totals, taxes and the like
    none is taken then: they are no part of a line.
    """
    fields: dict[str, int] = {}
    for field in _TIERS:
        claims = [(found[1], at) for at, name in enumerate(columns) if (found := claim(name)) and found[0] == field]
        best = sorted(claim for claim in claims if claim[0] == min(claims)[0])
        if len(best) > 1 and field not in _QUIET:
            names = " and ".join(f"'{columns[at]}'" for _, at in best)
            raise BadDataError(f"{field}: the columns {names} say the same; rename one, or choose with --map FILE.yaml")
        if len(best) == 1:
            fields[field] = best[0][1]
    return fields


def passed_over(columns: Sequence[str], used: Iterable[int]) -> tuple[str, ...]:
    """Return the unused columns whose names speak of money, states or currencies."""
    taken = set(used)
    return tuple(name for at, name in enumerate(columns) if at not in taken and speaks_of_money(name))


def speaks_of_money(name: str) -> bool:
    """Whether a column of this name holds money, a state or a currency."""
    found = claim(name)
    return (found is not None and found[0] not in _NO_MONEY) or any(_MONEY.search(text) for text in variants(name))
