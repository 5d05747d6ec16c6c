"""What a made-up invoice says before it is drawn, in five languages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from mm_agents._optional import require
from mm_agents.evaluate.metrics import matching

Choices = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The words of invoices in one language; several forms of each, of which one is drawn.

    Attributes:
        locales: by which numbers are written.
        currencies: those that fit the language, by code.
        dates: patterns of dates in the notation of CLDR.
    """

    locales: Choices
    currencies: Choices
    dates: Choices
    title: Choices
    number: Choices
    date: Choices
    due_date: Choices
    purchase_order: Choices
    buyer: Choices
    ship_to: Choices
    position: Choices
    quantity: Choices
    description: Choices
    unit_price: Choices
    amount: Choices
    subtotal: Choices
    discount: Choices
    shipping: Choices
    tax: Choices
    tax_sum: Choices
    total: Choices
    thanks: Choices
    companies: Choices
    forms: Choices
    streets: Choices
    towns: Choices
    goods: Choices
    details: Choices


_ENGLISH = Language(
    locales=("en_US", "en_GB"),
    currencies=("USD", "GBP", "EUR"),
    dates=("MMM d, y", "MMMM d, y", "d MMMM y", "d MMM y", "y-MM-dd"),
    title=("INVOICE", "Invoice", "TAX INVOICE", "Sales Invoice"),
    number=("Invoice no.", "Invoice number", "Invoice #", "Invoice No"),
    date=("Date", "Invoice date", "Date of issue"),
    due_date=("Due date", "Payment due", "Due"),
    purchase_order=("PO number", "P.O. #", "Purchase order", "Your order"),
    buyer=("Bill to", "Billed to", "Invoice to", "Customer"),
    ship_to=("Ship to", "Deliver to"),
    position=("Pos", "#", "No."),
    quantity=("Qty", "Quantity", "QTY"),
    description=("Description", "Item", "Product"),
    unit_price=("Unit price", "Price", "Rate"),
    amount=("Amount", "Line total", "Total"),
    subtotal=("Subtotal", "Sub total", "Net total"),
    discount=("Discount",),
    shipping=("Shipping", "Delivery", "Freight"),
    tax=("VAT", "Sales tax", "Tax"),
    tax_sum=("Total VAT", "Total tax"),
    total=("Total", "TOTAL", "Grand total", "Amount due"),
    thanks=("Thank you for your business.", "Payment within 30 days, please.", "Goods remain ours until paid."),
    companies=("Northwind Parts", "Harbour Tools", "Copper Lane Supplies", "Redwood Fittings", "Blue Kite Systems"),
    forms=("Ltd", "Inc.", "LLC", "& Co"),
    streets=("Mill Road", "Station Street", "Harbour Lane", "Orchard Avenue"),
    towns=("Ashford", "Fairview", "Kingsbridge", "Lakeside"),
    goods=(
        *("Steel bracket", "Cordless drill", "Copper pipe 15 mm", "LED lamp warm white", "Packing tape", "Hex bolts"),
        *("Office chair", "Desk lamp", "Cable drum 50 m", "Safety gloves", "Hourly labour", "Pump inspection"),
    ),
    details=("blue, box of 12", "incl. mounting kit", "order code KX-40", "delivered on pallet"),
)
_GERMAN = Language(
    locales=("de_DE", "de_CH"),
    currencies=("EUR", "CHF"),
    dates=("dd.MM.y", "d. MMMM y", "d.M.y"),
    title=("RECHNUNG", "Rechnung"),
    number=("Rechnungsnummer", "Rechnungs-Nr.", "Rechnung Nr.", "Rechnungsnr."),
    date=("Datum", "Rechnungsdatum"),
    due_date=("Fällig am", "Fälligkeitsdatum", "Zahlbar bis"),
    purchase_order=("Bestellnummer", "Ihre Bestellung", "Bestell-Nr."),
    buyer=("Rechnungsempfänger", "Rechnung an", "Kunde"),
    ship_to=("Lieferadresse", "Lieferung an"),
    position=("Pos.", "Nr."),
    quantity=("Menge", "Anzahl"),
    description=("Bezeichnung", "Beschreibung", "Artikel"),
    unit_price=("Einzelpreis", "Preis", "E-Preis"),
    amount=("Betrag", "Gesamtpreis", "Gesamt"),
    subtotal=("Zwischensumme", "Nettobetrag", "Summe netto"),
    discount=("Rabatt", "Nachlass"),
    shipping=("Versand", "Versandkosten"),
    tax=("MwSt.", "USt.", "Umsatzsteuer"),
    tax_sum=("Summe MwSt.", "Steuer gesamt"),
    total=("Gesamtbetrag", "Rechnungsbetrag", "Endbetrag", "Gesamtsumme"),
    thanks=("Vielen Dank für Ihren Auftrag.", "Zahlbar innerhalb von 14 Tagen ohne Abzug."),
    companies=("Nordlicht Technik", "Werkhof Süd", "Lindental Bürobedarf", "Kupferberg Armaturen"),
    forms=("GmbH", "AG", "KG"),
    streets=("Lindenweg", "Hafenstraße", "Mühlgasse", "Industriering"),
    towns=("Neustadt", "Altendorf", "Grünwald", "Steinbach"),
    goods=(
        *("Stahlwinkel", "Akkuschrauber", "Kupferrohr 15 mm", "LED-Lampe warmweiß", "Packband", "Schrauben M8"),
        *("Bürostuhl", "Schreibtischlampe", "Kabeltrommel 50 m", "Arbeitshandschuhe", "Montagestunde", "Wartung Pumpe"),
    ),
    details=("blau, 12 Stück", "inkl. Montagesatz", "Artikel KX-40", "auf Palette geliefert"),
)
_FRENCH = Language(
    locales=("fr_FR",),
    currencies=("EUR",),
    dates=("dd/MM/y", "d MMMM y", "dd-MM-y"),
    title=("FACTURE", "Facture"),
    number=("Facture n°", "Numéro de facture", "N° de facture"),
    date=("Date", "Date de facture", "Date d'émission"),
    due_date=("Échéance", "Date d'échéance", "À payer avant le"),
    purchase_order=("Bon de commande", "N° de commande", "Votre commande"),
    buyer=("Facturé à", "Client", "Adresse de facturation"),
    ship_to=("Livré à", "Adresse de livraison"),
    position=("N°", "Pos."),
    quantity=("Qté", "Quantité"),
    description=("Désignation", "Description", "Article"),
    unit_price=("Prix unitaire", "P.U. HT", "Prix unitaire HT"),
    amount=("Montant", "Total HT", "Montant HT"),
    subtotal=("Sous-total", "Total HT"),
    discount=("Remise",),
    shipping=("Frais de port", "Livraison"),
    tax=("TVA",),
    tax_sum=("Total TVA", "Montant TVA"),
    total=("Total TTC", "Montant TTC", "Net à payer"),
    thanks=("Merci de votre confiance.", "Règlement à 30 jours."),
    companies=("Atelier Bellevue", "Papeterie du Lac", "Outillage Rivière", "Maison Clairval"),
    forms=("SARL", "SAS", "et Fils"),
    streets=("rue des Tilleuls", "avenue du Port", "rue de la Gare"),
    towns=("Villeneuve", "Montclair", "Saint-Rémy", "Beaulieu"),
    goods=(
        *("Équerre acier", "Perceuse sans fil", "Tube cuivre 15 mm", "Lampe LED blanc chaud", "Ruban adhésif"),
        *("Vis hexagonales", "Chaise de bureau", "Lampe de bureau", "Gants de sécurité", "Main-d'œuvre horaire"),
    ),
    details=("bleu, boîte de 12", "avec kit de montage", "réf. KX-40"),
)
_DUTCH = Language(
    locales=("nl_NL",),
    currencies=("EUR",),
    dates=("dd-MM-y", "d MMMM y"),
    title=("FACTUUR", "Factuur"),
    number=("Factuurnummer", "Factuurnr.", "Factuur nr."),
    date=("Datum", "Factuurdatum"),
    due_date=("Vervaldatum", "Te betalen voor", "Uiterste betaaldatum"),
    purchase_order=("Bestelnummer", "Uw ordernummer", "Inkooporder"),
    buyer=("Factuur aan", "Klant", "Factuuradres"),
    ship_to=("Afleveradres", "Leveren aan"),
    position=("Nr.", "Pos."),
    quantity=("Aantal",),
    description=("Omschrijving", "Artikel"),
    unit_price=("Prijs", "Stukprijs", "Prijs per stuk"),
    amount=("Bedrag", "Totaal"),
    subtotal=("Subtotaal", "Totaal excl. btw"),
    discount=("Korting",),
    shipping=("Verzendkosten",),
    tax=("Btw", "BTW"),
    tax_sum=("Totaal btw", "Btw totaal"),
    total=("Totaal incl. btw", "Totaalbedrag", "Te betalen"),
    thanks=("Bedankt voor uw bestelling.", "Betaling binnen 14 dagen."),
    companies=("Zuiderpoort Techniek", "Molenzicht Kantoor", "De Koperen Kraan"),
    forms=("B.V.", "N.V.", "VOF"),
    streets=("Molenweg", "Havenstraat", "Stationsplein"),
    towns=("Nieuwdorp", "Waterzicht", "Oosterveen"),
    goods=(
        *("Stalen beugel", "Accuboormachine", "Koperen buis 15 mm", "Ledlamp warm wit", "Verpakkingstape"),
        *("Zeskantbouten", "Bureaustoel", "Bureaulamp", "Kabelhaspel 50 m", "Werkhandschoenen", "Arbeidsloon per uur"),
    ),
    details=("blauw, doos van 12", "incl. montageset", "artikel KX-40"),
)
_SPANISH = Language(
    locales=("es_ES",),
    currencies=("EUR",),
    dates=("dd/MM/y", "d 'de' MMMM 'de' y", "dd-MM-y"),
    title=("FACTURA", "Factura"),
    number=("Factura n.º", "Número de factura", "N.º de factura"),
    date=("Fecha", "Fecha de factura", "Fecha de emisión"),
    due_date=("Vencimiento", "Fecha de vencimiento"),
    purchase_order=("N.º de pedido", "Pedido", "Orden de compra"),
    buyer=("Facturar a", "Cliente"),
    ship_to=("Enviar a", "Dirección de envío"),
    position=("N.º", "Pos."),
    quantity=("Cantidad", "Cant."),
    description=("Descripción", "Concepto", "Artículo"),
    unit_price=("Precio unitario", "Precio"),
    amount=("Importe", "Total"),
    subtotal=("Subtotal", "Base imponible"),
    discount=("Descuento",),
    shipping=("Envío", "Gastos de envío"),
    tax=("IVA",),
    tax_sum=("Total IVA",),
    total=("Total factura", "TOTAL", "Total a pagar"),
    thanks=("Gracias por su compra.", "Pago a 30 días."),
    companies=("Talleres Puerto Azul", "Suministros Valverde", "Ferretería La Colina"),
    forms=("S.L.", "S.A."),
    streets=("Calle Mayor", "Avenida del Puerto", "Calle Molino"),
    towns=("Villanueva", "Montealto", "Puerto Claro"),
    goods=(
        *("Escuadra de acero", "Taladro inalámbrico", "Tubo de cobre 15 mm", "Lámpara LED cálida", "Cinta de embalar"),
        *("Tornillos M8", "Silla de oficina", "Guantes de seguridad", "Mano de obra por hora", "Revisión de bomba"),
    ),
    details=("azul, caja de 12", "con kit de montaje", "ref. KX-40"),
)
LANGUAGES: dict[str, Language] = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": _FRENCH,
    "nl": _DUTCH,
    "es": _SPANISH,
}


SIGNS = {"USD": "$", "GBP": "£", "EUR": "€", "CHF": "CHF"}
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A company and the lines of its address."""

    name: str
    address: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A row: ``detail`` is the second line of its description, "" when it has none."""

    quantity: Decimal
    description: str
    detail: str
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is true of an invoice; what it does not say is None.

    Attributes:
        taxes: each rate in per cent and what it comes to.
    """

    number: str
    date: date
    due_date: date | None
    purchase_order: str | None
    seller: Party
    buyer: Party
    ship_to: Party | None
    currency: str
    items: tuple[Item, ...]
    subtotal: Decimal
    discount: Decimal | None
    shipping: Decimal | None
    taxes: tuple[tuple[Decimal, Decimal], ...] = field(default_factory=tuple)
    total: Decimal = Decimal(0)

    @property
    def tax(self) -> Decimal | None:
        """The sum of the taxes; None where there is none."""
        return sum((tax for _, tax in self.taxes), Decimal(0)) if self.taxes else None


def cents(value: Decimal) -> Decimal:
    """Rounded to hundredths, halves up."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def made_up(rng: Random, language: Language, currency: str) -> Facts:
    """An invoice of one to twelve rows whose sums close."""
    issued = date(2019, 1, 1) + timedelta(days=rng.randrange(2500))
    items = tuple(_item(rng, language, several) for several in (rng.random() < 0.3,) for _ in range(_rows(rng)))
    subtotal = sum((item.amount for item in items), Decimal(0))
    discount = cents(subtotal * rng.choice((5, 10, 15)) / 100) if rng.random() < 0.25 else None
    shipping = Decimal(rng.choice(("4.90", "9.50", "12.00", "25.00"))) if rng.random() < 0.3 else None
    net = subtotal - (discount or 0) + (shipping or 0)
    taxes = _taxes(rng, net)
    seller, buyer = _parties(rng, language)
    return Facts(
        number=_number(rng, issued.year),
        date=issued,
        due_date=issued + timedelta(days=rng.choice((10, 14, 21, 30, 45))) if rng.random() < 0.65 else None,
        purchase_order=rng.choice(("PO-", "4500", "B", "")) + str(rng.randrange(10_000, 99_999))
        if rng.random() < 0.4
        else None,
        seller=seller,
        buyer=buyer,
        ship_to=_party(rng, language, buyer.name) if rng.random() < 0.25 else None,
        currency=currency,
        items=items,
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        taxes=taxes,
        total=net + sum((tax for _, tax in taxes), Decimal(0)),
    )


def _rows(rng: Random) -> int:
    return min(rng.randint(1, 12), rng.randint(1, 12))


def _item(rng: Random, language: Language, several: bool) -> Item:
    quantity = Decimal(rng.choice(("0.5", "1.5", "2.5", "7.5"))) if rng.random() < 0.1 else Decimal(rng.randint(1, 24))
    price = Decimal(rng.choice((rng.randint(100, 9_900), rng.randint(100, 99_000), 250 * rng.randint(1, 400)))) / 100
    return Item(
        quantity=quantity,
        description=rng.choice(language.goods),
        detail=rng.choice(language.details) if several and rng.random() < 0.6 else "",
        unit_price=cents(price),
        amount=cents(quantity * price),
    )


def _taxes(rng: Random, net: Decimal) -> tuple[tuple[Decimal, Decimal], ...]:
    """No tax, one rate, or two rates that share the net amount."""
    kind = rng.random()
    if kind < 0.1:
        return ()
    high = Decimal(rng.choice(("19", "20", "21", "7.7", "8.25")))
    if kind < 0.8:
        return ((high, cents(net * high / 100)),)
    low = Decimal(rng.choice(("5.5", "7", "9")))
    part = cents(net * rng.choice((20, 35, 60)) / 100)
    return ((low, cents(part * low / 100)), (high, cents((net - part) * high / 100)))


def _number(rng: Random, year: int) -> str:
    count = rng.randrange(1, 99_999)
    return rng.choice(
        (f"{year}-{count:05}", f"INV-{count:05}", f"RE{year}/{count}", f"{count:06}", f"F{year % 100:02}-{count:04}")
    )


def _parties(rng: Random, language: Language) -> tuple[Party, Party]:
    first, second = rng.sample(language.companies, 2)
    return tuple(_party(rng, language, f"{name} {rng.choice(language.forms)}") for name in (first, second))  # pyright: ignore[reportReturnType]


def _party(rng: Random, language: Language, name: str) -> Party:
    street = rng.choice(language.streets)
    house = rng.randint(1, 180)
    line = f"{house} {street}" if language.locales[0] in ("en_US", "fr_FR") else f"{street} {house}"
    return Party(name=name, address=(line, f"{rng.randrange(10_000, 99_999)} {rng.choice(language.towns)}"))


# ---------------------------------------------------------------- how values are written


def money(value: Decimal, locale: str) -> str:
    """A sum in the locale's digits, "1.234,50"; narrow spaces become plain ones, which more fonts have."""
    numbers = require("babel.numbers", extra=matching.EXTRA, feature="Writing sums")
    return _plain(str(numbers.format_decimal(value, format="#,##0.00", locale=locale)))


def quantity(value: Decimal, locale: str) -> str:
    """A quantity in the locale's digits, without needless decimals."""
    numbers = require("babel.numbers", extra=matching.EXTRA, feature="Writing quantities")
    return _plain(str(numbers.format_decimal(value, format="0.##", locale=locale)))


def day(value: date, pattern: str, locale: str) -> str:
    """A date in the locale's words."""
    dates = require("babel.dates", extra=matching.EXTRA, feature="Writing dates")
    return _plain(str(dates.format_date(value, pattern, locale=locale)))


def _plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("’", "'")
