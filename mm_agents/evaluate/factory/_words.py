"""What invoices say in five languages, and made-up companies and goods."""

from __future__ import annotations

from dataclasses import dataclass

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
