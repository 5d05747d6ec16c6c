"""What questions about invoices ask for, in words of five languages."""

from __future__ import annotations

import re

FIELDS: tuple[tuple[str, str, str], ...] = (
    (
        "due_date",
        r"(?<!amount )(?<!balance )(?<!much is )\bdue\b|deadline|"
        r"when (?:must|should|do|does|have|has|can) .*\bpa(?:y|id)\b|pay(?:able)? by|by when|"
        r"fallig|bis wann|echeance|avant quelle|verval|uiterlijk|vencimiento|vence",
        "It is due on {}.",
    ),
    (
        "purchase_order",
        r"purchase order|\bp\.?o\.?\b|order (?:number|no)|bestellnummer|bestellung|numero de commande|"
        r"bon de commande|ordernummer|inkooporder|pedido|orden de compra",
        "The purchase order is {}.",
    ),
    (
        "date",
        r"\bdate|issued|dated|datum|\bwann\b|when was|quand|wanneer|fecha|cuando",
        "It is dated {}.",
    ),
    (
        "number",
        r"(?:invoice|receipt|document|bill) ?(?:number|no\b|nr|id|#)|which invoice|^\W*(?:the )?number\W*$|"
        r"rechnungsnummer|numero de (?:la )?fact|factuurnummer|reference number",
        "The invoice number is {}.",
    ),
    (
        "ship_to",
        r"ship|deliver|liefer|versand|livrais|livre|lever|verzend|bezorg|envio|enviar|entrega",
        "It ships to {}.",
    ),
    (
        "buyer",
        r"buyer|customer|client|bill(?:ed)? to|\b(?:to|for) whom\b|"
        r"who (?:has to pay|pays|must pay|bought|is billed|owes)|"
        r"kaufer|kunde|empfanger|acheteur|koper|klant|comprador|cliente|recipient",
        "The buyer is {}.",
    ),
    (
        "seller",
        r"seller|vendor|supplier|who (?:sold|issued|sent|billed|wrote|made|is it from)|from whom|merchant|"
        r"company|verkaufer|lieferant|aussteller|vendeur|fournisseur|emetteur|verkoper|leverancier|vendedor|"
        r"proveedor|emisor|issuer|store|shop",
        "The seller is {}.",
    ),
    (
        "currency",
        r"currency|wahrung|devise|monnaie|valuta|moneda",
        "The currency is {}.",
    ),
    (
        "discount",
        r"discount|rabatt|nachlass|remise|korting|descuento",
        "The discount is {}.",
    ),
    (
        "shipping",
        r"shipping|freight|postage|delivery (?:cost|fee|charge)|versandkosten|frais de port|verzendkosten|"
        r"gastos de envio",
        "Shipping is {}.",
    ),
    (
        "subtotal",
        r"sub ?-?total|net (?:total|amount|sum)|before tax|without tax|excluding|zwischensumme|netto|"
        r"hors tax|\bht\b|sous-total|subtotaal|excl|base imponible|sin iva",
        "The subtotal is {}.",
    ),
    (
        "tax",
        r"\btax(?:es)?\b|\bvat\b|\bgst\b|steuer|mwst|\bust\b|\btva\b|\bbtw\b|\biva\b",
        "The tax is {}.",
    ),
    (
        "total",
        r"total|grand|(?:amount|balance|much is) due|to pay|altogether|"
        r"how much is (?:it|the (?:invoice|bill|receipt))|gesamt|endbetrag|zu zahlen|summe|betrag|"
        r"a payer|montant|totaal|te betalen|importe|a pagar|owe|"
        r"invoice amount|sum\b",
        "The total is {}.",
    ),
)
"""The fields with what asks for them and the sentence that answers, the most telling first: "due" before "date", the
parts of a total before the total."""

PRICE = re.compile(
    r"how much|cost|price|kost|preis|combien|prix|cout|hoeveel|prijs|cuanto|precio|cuest|wie viel|wieviel|"
    r"charge|worth|pay for|quote|charged"
)
COUNT = re.compile(r"how many|number of|count|wie viele|combien de|hoeveel|cuant[oa]s")
EACH = re.compile(
    r"unit price|each|per (?:unit|piece|hour|item|set)|apiece|rate\b|einzelpreis|stuckpreis|prix unitaire|"
    r"stukprijs|precio unitario|\bone\b"
)
THINGS = re.compile(
    r"\b(?:items?|lines?|line items?|rows?|positions?|products?|articles?|positionen|artikel|lignes?|"
    r"regels?|lineas?|articulos?|things)\b"
)
