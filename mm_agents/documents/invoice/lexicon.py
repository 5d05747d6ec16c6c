"""The words of invoices in five languages: labels of fields, and the words of questions about them."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

FieldKind = Literal["number", "date", "due_date", "purchase_order", "currency"]
AmountKind = Literal["total", "subtotal", "tax", "discount", "shipping", "rounding", "paid", "change", "other"]
PartyKind = Literal["seller", "buyer", "ship_to"]
ColumnKind = Literal[
    "position", "code", "description", "quantity", "unit", "price", "discount", "rate", "tax", "amount", "other"
]

_NUMBER = r"(?:n[o°ºu0]?[.°]?|no[.s]?|nr[.]?|num(?:ber|mer|ero|[.])?|n[o]?[°º]|id|#|reference|ref[.]?)"

FIELDS: dict[FieldKind, tuple[str, ...]] = {
    "number": (
        r"(?:tax |sales |commercial |vat )?invoice #",
        r"(?:handels|miet|teil|schluss|sammel|abschlags|teilschluss|storno|)rechnungs? #",
        r"(?:n[.]?[°oº]|numero|nr) (?:de )?(?:la )?(?:votre )?fact(?:ure|ura)",
        r"factu(?:ur|re|ra) #",
        r"(?:ref|reference) (?:de )?(?:la )?fact(?:ure|ura)",
        r"numero (?:de )?(?:la )?(?:factura|facture)",
        r"inv[.]? #",
        r"beleg #|belegnr|document #|doc[.]? #|receipt #|bill #|docket #|slip #|cash sale #|bon #|"
        r"ticket #|recibo #|quittung #",
        r"(?:credit note|gutschrift|avoir|nota de credito|creditnota) #",
        r"(?:rechnung|invoice|facture|factuur|factura|bill|receipt)",
        r"transaction #|trans[.]? #|trx #",
    ),
    "date": (
        r"invoice date|date of invoice|invoice issued?(?: on| date)?|date d[eu] (?:la )?facture|"
        r"date de facturation|date facture|"
        r"rechnungs ?datum|datum der rechnung|factuur ?datum|fecha (?:de )?(?:la )?(?:factura|emision|expedicion)",
        r"date of issue|issue date|issued (?:on|at)|date d.emission|emis[e]? le|ausgestellt am|"
        r"ausstellungsdatum|belegdatum|"
        r"bill(?:ing)? date|document date|doc date|receipt date|tax (?:point|date)|uitgiftedatum|"
        r"datum uitgifte|boekdatum",
        r"bill date|date et heure|transaction date|trans date",
        r"date|datum|fecha|dated|dato|tarikh",
    ),
    "due_date": (
        r"due date|date due|payment due(?: date| by| on)?|(?:amount|total|balance) due (?:on|by|date)|"
        r"date d.?\s?echeance|echeance|date limite (?:de )?paiement|(?:a )?(?:regler|payer) (?:avant|"
        r"au plus tard|jusqu)(?: le)?|"
        r"falligkeits(?:datum|tag)?|fallig (?:am|bis|zum|ist|:)|zahlbar (?:bis|am|spatestens)(?: zum)?|zahlungsziel|"
        r"zahlungsfrist|zahlungsdatum|verval ?datum|uiterste betaaldatum|te betalen (?:voor|op)|"
        r"fecha (?:de )?(?:vencimiento|pago)|vencimiento|vence(?: el)?",
        r"pay(?:able|ment)? (?:by|before|until|no later than|on or before)|(?:please )?(?:remit|"
        r"pay) (?:until|by|before)|"
        r"uberweisen sie (?:bitte )?(?:den .{0,30})?(?:bis|zum)(?: zum)?|innerhalb .{0,24}(?:bis|zum)|"
        r"begleichen .{0,24}bis|"
        r"netto bis|ohne abzug bis(?: zum)?|zu zahlen bis|due (?:on|by)|betaal(?:baar)? (?:voor|voor het)|"
        r"prelevement (?:a partir du|le)|"
        r"fallig(?:keit)?|\bdue",
    ),
    "purchase_order": (
        r"p[.]? ?o[.]? ?#|purchase order(?: #| date)?|po (?:no|nr|number|#|ref)|customer (?:po|"
        r"order)(?: #)?|client order(?: #)?",
        r"bestell ?(?:ung|nummer|nr|referenz)s?(?: #)?|ihre bestellung(?: #)?|auftrags ?(?:nummer|nr|#)|"
        r"kundenauftrag",
        r"(?:n[.]?[°oº]|numero|nr|ref|reference|bon) ?(?:de )?(?:votre )?commande|commande #|commande client|"
        r"(?:n[.]?[°oº]|ref) (?:de )?bc|bon de commande|votre (?:ref(?:erence)?|commande)",
        r"inkoop ?order(?: ?#| ?nummer| ?nr)?|bestel ?(?:nummer|nr|bon)|uw (?:order|referentie|"
        r"bestelling)|order ?nummer",
        r"(?:n[.]?[°oº]|numero|orden|pedido)s? (?:de )?(?:compra|pedido|orden)(?: #)?|pedido(?: #)?|"
        r"su (?:pedido|referencia)|orden de compra",
        r"(?:your|customer) (?:order|reference|ref)(?: #)?|order #|order (?:id|ref)|ihre? (?:referenz|zeichen)|"
        r"cust ref",
        r"p\.?o\.?",
    ),
    "currency": (
        r"(?:rechnungs)?wahrung|(?:invoice )?currency|devise|monnaie|valuta|moneda|betrage in|divisa|amounts? in|"
        r"(?:charges|prices|amounts)[a-z ]{0,20} (?:are )?in|montants? (?:exprimes? )?en",
    ),
}
"""Labels of values that stand beside or below them."""

AMOUNTS: dict[AmountKind, tuple[str, ...]] = {
    "other": (
        r"qty|oty|item ?\(s\)|items? (?:count|sold)|total (?:qty|quantity|items?|pieces|units|weight|"
        r"count|discount|saving|points|no)|anzahl|number of|main item|"
        r"credit limit|account balance|previous balance|opening balance|loyalty|points|avg|average|"
        r"balance (?:brought|forward)|"
        r"total due .{0,12}days|leergutwert|steuer ?(?:id|nummer|nr)|(?:vat|gst|tva|btw|nif|cif|iva|ust|"
        r"tax) ?[.-]? ?(?:id|ident|reg|no|nr|nummer|number|intra)|"
        r"capital|kapitaal|price is|promotion|coupon|voucher|skonto|you saved?|iban|bruttolistenpreis|"
        r"advance payment",
    ),
    "paid": (
        r"cash(?!ier| sale| bill| receipt| refund)(?: received| tendered)?|tender(?:ed)?|visa|"
        r"master ?card|debit card|credit card|amex|"
        r"(?:amount |total )?paid|pay(?:ments?)?(?: received| made)?|edc|deja (?:paye|regle)|acompte|"
        r"(?:bereits )?(?:bezahlt|gezahlt)|"
        r"anzahlung|vorauszahlung|voldaan|betaald|(?:ya )?pagado|anticipo|deposit|gegeben|bar(?:zahlung)?|"
        r"especes|carte|prepaid|"
        r"rounded cash|received",
    ),
    "change": (r"change(?: due)?|cash change|rendu|ruckgeld|wisselgeld|cambio|balance returned|baki",),
    "rounding": (
        r"round(?:ing|ed|ed off|ing adj|ing adjustment)?(?: adj(?:ustment)?[.]?| diff)?|rundung|arrondi|"
        r"afronding|redondeo|rnd adj",
    ),
    "subtotal": (
        r"sub ?-? ?total(?! incl)|zwischensumme|sous ?-? ?total|subtotaal|subtotale",
        r"total (?:net|netto|ht|h[.] ?t|hors taxes?|excl?[a-z]*|before|neto|sans|sin)|total\W{0,3}(?:\w{3} )?ht\b|"
        r"total (?:amount |sales )?\(?(?:excl?|excluding|before|w/o|without|ex)[a-z]*|"
        r"montant (?:total )?(?:eur )?(?:net )?(?:ht|hors)|"
        r"(?:rechnungs)?(?:summe|betrag) (?:der )?(?:netto|ohne|positionen|exkl|excl)|netto ?(?:betrag|"
        r"summe|wert|gesamt)?|nettorechnungsbetrag|"
        r"gesamt(?:betrag|summe)? ?\(?(?:netto|ohne|exkl|excl)|summe ?\(?(?:netto|ohne|der positions)|"
        r"positionssumme|gesamtnetto|"
        r"totaal (?:excl|ex|netto|zonder|exclusief)|bedrag excl|exclusief btw|excl[.]? btw|"
        r"base (?:ht|imponible|taxable)|bi\b|importe neto|total (?:base|bruto)|suma|"
        r"(?:total )?(?:net|taxable) (?:total|amount|value|price|sum|sales)|amount (?:before|excl|without|"
        r"w/o|ex)[a-z]*|"
        r"sum of (?:line|net|item)|line total|items? total|merchandise|goods (?:total|value)|warenwert|total ex",
        r"steuerbasis(?:betrag)?|bemessungsgrundlage|grondslag|base",
        r"charges|sales amount",
    ),
    "tax": (
        r"(?:total |sales |add(?:ed)? |plus |zzgl[.]? |includes? |incl[.]? )?(?:tax|vat|gst|hst|pst|qst|"
        r"sst|cst|igst|cgst|sgst)(?:es)?"
        r"(?: amount| total| payable| due)?(?! ?invoice| ?code| ?summary| ?date| ?point| ?reg)",
        r"(?:montant |total )?(?:de )?(?:la )?t[.]?v[.]?a\b[.]?|taxes?\b",
        r"(?:summe |zzgl[.]? |zuzuglich |inkl[.]? |enth[a-z.]* |gesamt)?(?:u[.]? ?st\b[.]?|mwst\b[.]?|"
        r"m[.]w[.]st[.]?|umsatzsteuer|mehrwertsteuer|steuer(?:gesamt)?betrag|steuern?|steuerbetrag)"
        r"(?: ?-? ?(?:betrag|gesamt|summe))?",
        r"b[.]?t[.]?w\b[.]?(?: bedrag)?|totaal btw|belasting|omzetbelasting",
        r"(?:total |cuota )?(?:de )?(?:la )?i[.]?v[.]?a\b[.]?|(?:total )?(?:de )?impuestos?|igic|cuota",
    ),
    "discount": (
        r"(?:less )?disc(?:ount)?s?|rabatt|nachlass|abschlag|abschlage|remise|ristourne|korting|descuento|"
        r"dto|allowance|rebate",
    ),
    "shipping": (
        r"shipping(?: (?:&|and|costs?|fees?|charges?).{0,12})?|freight|delivery (?:charge|fee|cost)s?|"
        r"postage|carriage|p&p|handling|"
        r"versand(?:kosten)?|fracht(?:kosten)?|porto|liefer(?:ung)?kosten|zuschlage?|"
        r"frais (?:de )?(?:port|livraison|transport|d.expedition)|port|livraison|"
        r"verzend(?:kosten|ing)?|transport(?:kosten)?|bezorgkosten|gastos (?:de )?envio|portes|envio|transporte|"
        r"serv(?:ice)?[.]? (?:charge|chrg|chg|tax)|service fee",
    ),
    "total": (
        r"grand ?total|tl\b|(?:net |nett )?due|total (?:amount )?(?:due|payable)(?! .{0,6}days)|(?:amount|"
        r"sum|balance) (?:due|payable|to pay)|due payable|"
        r"total (?:for|of) (?:this )?invoice|invoice total|total invoice(?: amount)?|rounded total|"
        r"total rounded|net total rounded|total after rounding|"
        r"(?:total|montant|net|somme|solde|reste) ?(?:total )?(?:a )(?:payer|regler)|"
        r"total (?:general )?(?:eur )?t[.]?t[.]?c|montant (?:total )?(?:eur )?ttc|total facture|"
        r"total de la facture|"
        r"rechnungs ?(?:betrag|summe|endbetrag)(?! (?:netto|ohne))|gesamt ?(?:betrag|summe|"
        r"preis)?(?: ?(?:brutto|inkl|eur))|brutto ?(?:betrag|summe|gesamt)?|"
        r"zahl ?betrag|end ?(?:betrag|summe)|zu zahlen(?:der betrag)?|fallig(?:er|e)? (?:zahlungs)?betrag|"
        r"zahlungsbetrag|"
        r"gesamt(?:rechnungs)?betrag|bruttorechnungsbetrag|"
        r"(?:totaal|factuur) ?(?:bedrag)? ?(?:incl|te betalen|inclusief)|totaal ?bedrag|"
        r"te betalen(?: bedrag)?|factuur ?(?:bedrag|totaal)|totaal(?: te voldoen)?|"
        r"total (?:a pagar|factura|con iva|iva incluido|general)|importe total|a pagar|liquido",
        r"total (?:amount |sales )?\(?(?:incl?|inclusive|including|with|gross|inc)[a-z]*|total (?:amount|"
        r"sales|gross|usd|eur|gbp|rm|price|cost)|total",
        r"gesamt(?:summe|preis)?|summe|endpreis|totale|importe|net(?:t)? (?:amount|total)|amt|amount",
        r"total",
    ),
}
"""Labels of the amounts at an invoice's end. Told in this order: "total qty" is no total, "total net" a subtotal."""

PARTIES: dict[PartyKind, tuple[str, ...]] = {
    "seller": (
        r"verkaufer(?:in)?|rechnungs ?(?:ersteller|steller|aussteller|absender)|lieferant|"
        r"leistungserbringer|absender|von|auftragnehmer",
        r"sold by|seller|from|supplier|vendor|service provider|issued by|issuer|bill(?:ed)? from|"
        r"invoice from|pay to|merchant|company name|remit to|ship from",
        r"vendeur|fournisseur|emetteur|emis par|prestataire|de la part de|information fournisseur|expediteur|societe",
        r"verkoper|leverancier|afzender|van",
        r"vendedor|emisor|proveedor|de|datos del emisor|emitido por",
    ),
    "buyer": (
        r"bill(?:ed|ing)? ?(?:to)?(?: address| name)?|billing (?:address|details|information)|"
        r"invoice(?:d)? (?:to|address)|sold to|buyer|customer(?: name| address| details)?|"
        r"client(?: name)?|purchaser|charge to|"
        r"bill to|to|account name|recipient|guest(?: name)?|m/s|messrs|received from|attention|attn",
        r"kaufer(?:in)?(?:/leistungsempfanger)?|(?:abweichender )?rechnungs ?(?:empfanger|adresse|"
        r"anschrift)|kunde(?:n?name|nadresse)?|empfanger|leistungsempfanger|rechnung an|an|besteller|"
        r"auftraggeber",
        r"factur[a-z]+ a|adresse (?:de )?facturation|client(?:e)?|acheteur|destinataire|"
        r"information client|a l.attention de|nom de l.abonne|nom du client|facture a",
        r"klant(?:gegevens|naam)?|factuur ?adres|koper|afnemer|facturatie ?adres|aan|factuur aan|debiteur",
        r"facturar a|cliente|comprador|destinatario|datos del cliente|facturado a|"
        r"direccion de facturacion|adquirente",
    ),
    "ship_to": (
        r"ship(?:ped|ping)? ?(?:to)?(?: address)?|deliver(?:y|ed)? ?(?:to|address)|delivery address|"
        r"shipping (?:address|details)|consignee|deliver to",
        r"liefer ?(?:adresse|anschrift|ort)|(?:abweichender )?warenempfanger|versandadresse|lieferung an|"
        r"leistungsort",
        r"adresse (?:de )?(?:livraison|l.installation|d.expedition)|livre(?:r)? a|lieu de livraison|"
        r"envoye a|expedie a",
        r"aflever ?adres|leveren aan|geleverd aan|bezorgen (?:bij|aan)|lever(?:ings)? ?adres|"
        r"verzend ?adres|bezorg ?adres",
        r"enviar a|direccion de (?:envio|entrega)|entregar (?:a|en)|lugar de entrega|envio a",
    ),
}
"""Headings of blocks that say who; the whole heading has to be one of these, up to a name behind it."""

COLUMNS: dict[ColumnKind, tuple[str, ...]] = {
    "position": (
        r"pos(?:ition)?|#|no|n[°o]|nr|sr(?: no)?|s[./]?n|line|item (?:no|#)|lfd(?: nr)?|ln|zeile|ligne|"
        r"regel|linea|num",
    ),
    "code": (
        r"art(?:ikel)? ?-? ?(?:nr|nummer|no|code)[.a-z -]*|(?:unsere )?art nr.*|(?:item|product|part|"
        r"stock|article) ?(?:code|no|number|id|#)|sku|ref(?:erence|erencia)?|"
        r"code|codigo|artikelcode|material|isbn|ean|gtin|hsn(?:/sac)?|codice|cod|product ?id|code article|model|part",
    ),
    "rate": (
        r"(?:vat|tax|ust|mwst|tva|btw|iva|gst|steuer)s? ?(?:%|rate|satz|code|-satz|in %|\(%\))|"
        r"taux(?: (?:de )?tva)?|% ?(?:tva|vat|iva|mwst|btw|ust)|steuersatz|tipo iva|steuer %|tarif",
    ),
    "discount": (
        r"disc(?:ount)?[.]?(?: ?%| ?\(%\))?|rabatt(?: ?%| in %)?|rem(?:ise|[.])?(?: ?%)?|korting(?: ?%)?|"
        r"dto[.]?(?: ?%)?|descuento|nachlass|rebate|% ?rem",
    ),
    "price": (
        r"(?:unit|net|gross|list|item|sales?|each) ?-? ?(?:price|cost|rate|value|amount)s?(?: .{0,12})?|"
        r"price ?/? ?(?:per|each|unit)s?(?: unit)?|u ?/ ?p(?:rice)?|u[.]? ?price|s/price|unit|"
        r"(?:einzel|stuck|netto|brutto|einheits|e) ?-? ?preis(?: .{0,12})?|preis ?(?:/|pro|"
        r"je)? ?(?:einheit|stuck|stk|me|eh)|ep|e-preis|preis|"
        r"p[.]? ?u[.]?(?: ?(?:ht|ttc|net|eur))*|prix(?: unit[a-z.]*| u)?(?:/mois)?(?: (?:ht|ttc|net|eur|"
        r"h[.]t[.]))*|tarif unitaire|cout unitaire|"
        r"(?:stuk|eenheids)? ?prijs(?: per .{0,12})?|tarief|precio(?: (?:unitario|unit|ud|u))?[.]?|"
        r"p[.] ?unit[.]?|rate|price|cost|hourly rate|tarif",
    ),
    "unit": (
        r"unit(?: of measure)?|uom|einheit|me|meng[.]? ?-? ?einheit|mengeneinheit|unite|eenheid|unidad|eh|u/m|per",
    ),
    "quantity": (
        r"q(?:uanti)?ty[.]?|qnty|quantity|quant[.]?|qte[.]?|quantites?|menge|anzahl|aantal|cantidad|"
        r"cant[.]?|hours?|hrs|days|units?|uds?[.]?|stk[.]?|stuck(?:zahl)?|"
        r"std[.]?|stunden|tage|nombre|nb[.]?|pcs|hoeveelheid|usage|heures|jours|uren|horas|volume|"
        r"unidades|no of .{0,8}",
    ),
    "tax": (
        r"(?:total |sales )?(?:tax|vat|tva|ust|mwst|btw|iva|gst|steuer|taxes|u[.]st|"
        r"sst)[.]?s?(?: ?(?:amount|amt|betrag|montant|\(.{0,4}\)))?|montant tva|impuestos?|umsatzsteuer|"
        r"igst|cgst|sgst|cst",
    ),
    "amount": (
        r"(?:line |ext(?:ended)?[.]? |net |total |sub ?-? ?|item |gross )?(?:amount|total|amt|price|value|"
        r"charge)s?(?: .{0,14})?|montant(?: .{0,14})?|total(?: .{0,14})?|"
        r"(?:positions?|gesamt|netto|brutto|zeilen|rechnungs|end)? ?-? ?(?:betrag|summe|preis|entgelt|"
        r"gesamt|wert)(?: .{0,14})?|gesamt|gp|entgelt|g-preis|"
        r"(?:totaal|regel)? ?(?:bedrag|totaal|prijs)(?: .{0,14})?|importe(?: .{0,14})?|"
        r"sous ?-? ?total(?: .{0,10})?|subtotal|prix total(?: .{0,10})?|prix (?:ht|ttc)|"
        r"amt[.]?[+]?.{0,12}|ht|ttc|extension|charges?|neto",
    ),
    "description": (
        r"(?:item |product |goods |service |goods / )?(?:descriptions?|desc[.]?)(?: of .{0,20})?|"
        r"items?(?: name| description| details)?|products?|details?|services?|particulars|article|"
        r"activity|title|task|work|"
        r"(?:artikel|waren|leistungs)? ?-? ?(?:beschreibung|bezeichnung)|artikel|leistung|produkt|text|"
        r"position|gegenstand|tatigkeit|"
        r"designations?(?: .{0,20})?|libelles?|produits?(?: .{0,16})?|prestations?|intitule|objet|"
        r"omschrijving|product|dienst|"
        r"descripcion|concepto|producto|articulo|detalle|servicio|code/desc",
    ),
}
"""Headings of an item table's columns; the whole heading has to be one of these."""

TITLES = re.compile(
    r"^\W*(?:simplified |retail |sales |commercial |proforma |pro ?forma )?(?:tax |"
    r"vat )?(?:invoices?(?:/bill)?|bill|receipt|facture|factuur|factura|"
    r"rechnung|handelsrechnung|quittung|ticket|recibo|gutschrift|avoir|credit note|statement|cash (?:bill|"
    r"sales?|receipt)|cash|copy|original|duplicata|"
    r"duplicate|page.*|seite.*|pagina.*|thank you.*|welcome.*|official receipt|table.*|reprint.*|order.*|"
    r"guest check)\W*$"
)
"""Lines that say what a page is, and never who."""

COMPANY = re.compile(
    r"\b(?:inc|incorporated|ltd|limited|llc|llp|plc|corp|corporation|co|company|group|"
    r"gmbh(?: & co[. ]*kg)?|ag|kg|ohg|ug|e[.]?k|e[.]?v|gbr|se|sarl|s[.]a[.]r[.]l|sas(?:u)?|"
    r"s[.]?a[.]?s|s[.]?a|eurl|sci|snc|b[.]?v|n[.]?v|v[.]?o[.]?f|s[.]?l(?:[.]?u)?|s[.]?r[.]?l|s[.]?p[.]?a|"
    r"sdn[. ]*bhd|bhd|pty|pte|pvt|a/s|aps|ab|oy|kft|s[.]?r[.]?o|"
    r"enterprises?|trading|stationery|restaurant|restoran|cafe|hardware|store|shop|services?|solutions|"
    r"industries|holdings?|syarikat|perniagaan|kedai|"
    r"supermarket|mart|bakery|pharmacy|hotel|bistro|kitchen|market)\b[.]?"
)
"""What companies' names end with, or hold."""

NOT_A_NAME = re.compile(
    r"@|www|https?:|\bt[e]?l\b|\btel|phone|\bfax|telefon|mobile|e-?mail|\bvat\b|\bgst\b|\btva\b|\bust\b|"
    r"siret|siren|iban|bic\b|\bhr[ab]\b|steuer|"
    r"(?:co|company)[ .]*(?:reg|no)|reg(?:istration)?[ .]*no|\bpage\b|seite \d|nummer|number|numero|"
    r"\bdate|datum|cashier|account|kunden|customer|"
    r"\bno[ .]*:|\bid[ .]*:|invoice|receipt|rechnung\b|facture|factuur|stylesheet|version|geschaft|"
    r"au capital|service client|copyright|website|contact"
)


def compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """The patterns of a list, each at the beginning of a word."""
    return _compiled(patterns)


@cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?<![a-z0-9])(?:{spelled(pattern)})(?![a-z])") for pattern in patterns)


@cache
def whole(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern that a whole heading has to fit."""
    return re.compile("|".join(rf"(?:{spelled(pattern)})" for pattern in patterns))


def spelled(pattern: str) -> str:
    """The regular expression behind a pattern of this module."""
    outside = re.split(r"(\[[^\]]*\]|\\.)", pattern)
    for n in range(0, len(outside), 2):
        text = outside[n].replace(" #", "\x01").replace(" ?", "\x00").replace(" ", r"[\s.-]*")
        outside[n] = text.replace("\x00", r"[\s.-]?").replace("\x01", rf"[\s.:-]*{_NUMBER}")
    return "".join(outside)


ASKED_FIELDS: tuple[tuple[str, str, str], ...] = (
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
