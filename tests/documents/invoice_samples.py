"""Invoices as pages of words, laid out without an OCR engine: tests of rules alone need no picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from mm_agents.documents.page_transform import Frame
from mm_agents.documents.pages import Page
from mm_agents.types import Box, Image, Scan, Word

LETTER, LINE, HIGH = 8, 26, 14  # pixels: of a letter's width, between lines, of a letter's height


def page_of(rows: Sequence[Sequence[tuple[int, str]]], *, number: int = 1, width: int = 1000) -> Page:
    """A page whose rows hold texts, each with the x that it begins at; a negative x is where it ends."""
    words: list[Word] = []
    for n, row in enumerate(rows):
        for x, text in row:
            at = x if x >= 0 else -x - LETTER * len(text)
            for part in text.split(" "):
                top = 40 + n * LINE
                box = Box(x0=at, y0=top, x1=at + LETTER * len(part) - 2, y1=top + HIGH)
                if part:
                    words.append(Word(text=part, box=box, place=box, confidence=0.99, line=len(words)))
                at += LETTER * (len(part) + 1)
    height = 80 + len(rows) * LINE
    pixels = np.full((height, width, 3), 255, dtype=np.uint8)
    return Page(number=number, image=Image(pixels=pixels), words=tuple(words), frame=Frame(width=width, height=height))


class BlindOcr:
    """Reads nothing, whatever it is shown."""

    name = "blind"

    def read(self, image: Image, /) -> Scan:
        """No words."""
        return Scan(words=())

    def has_text(self, image: Image, /) -> bool:
        """Never."""
        return False


ENGLISH = [
    [(60, "Northwind Parts Ltd"), (-940, "INVOICE")],
    [(60, "12 Mill Road")],
    [(60, "Leeds LS1 4DY")],
    [],
    [(60, "Bill To"), (400, "Ship To"), (700, "Invoice #"), (-940, "NP-1042")],
    [(60, "Harbour Cycles"), (400, "Harbour Cycles"), (700, "Invoice Date"), (-940, "03/04/2023")],
    [(60, "5 Quay Street"), (400, "9 Dock Lane"), (700, "P.O.#"), (-940, "7715/2023")],
    [(60, "Hull HU1 2AB"), (400, "Hull HU1 3CD"), (700, "Due Date"), (-940, "23/04/2023")],
    [],
    [(60, "Qty"), (150, "Description"), (-780, "Unit Price"), (-940, "Amount")],
    [(60, "2"), (150, "Set of brake pads"), (-780, "12.50"), (-940, "25.00")],
    [(150, "front and rear")],
    [(60, "3"), (150, "Labour"), (-780, "40.00"), (-940, "120.00")],
    [(-780, "Subtotal"), (-940, "145.00")],
    [(-780, "VAT 20%"), (-940, "29.00")],
    [(-780, "Total"), (-940, "£174.00")],
]

GERMAN = [
    [(60, "Nordlicht Technik GmbH")],
    [(60, "Lindenweg 4")],
    [(60, "20095 Hamburg")],
    [],
    [(60, "Rechnungsempfänger:"), (600, "Rechnungs-Nr.:"), (800, "2023-0815")],
    [(60, "Kupferberg AG"), (600, "Rechnungsdatum:"), (800, "03.04.2023")],
    [(60, "Mühlgasse 1"), (600, "Bestellnummer:"), (800, "B-4711")],
    [(60, "80333 München"), (600, "Fällig am:"), (800, "3. Mai 2023")],
    [],
    [(60, "Pos."), (130, "Bezeichnung"), (-560, "Menge"), (-760, "Einzelpreis"), (-940, "Gesamtpreis")],
    [(60, "1"), (130, "Schrauben M8"), (-560, "1.000 Stk"), (-760, "0,12"), (-940, "120,00")],
    [(60, "2"), (130, "Montage"), (-560, "2,5 Std"), (-760, "80,00"), (-940, "200,00")],
    [(-760, "Nettobetrag"), (-940, "320,00")],
    [(-760, "zzgl. MwSt. 19%"), (-940, "60,80")],
    [(-760, "Gesamtbetrag"), (-940, "380,80 EUR")],
]

FRENCH = [
    [(60, "Atelier des Tilleuls SARL")],
    [(60, "8 rue du Moulin")],
    [(60, "69002 Lyon")],
    [],
    [(60, "Facturé à :"), (600, "Facture n° FA-2023-77")],
    [(60, "Les Quatre Vents"), (600, "Date : 2 avril 2023")],
    [(60, "3 place du Port"), (600, "Échéance : 2 mai 2023")],
    [(60, "13002 Marseille"), (600, "N° de commande : C-118")],
    [],
    [(60, "Désignation"), (-560, "Quantité"), (-760, "Prix unitaire"), (-940, "Montant HT")],
    [(60, "Table en chêne"), (-560, "2"), (-760, "1 250,00"), (-940, "2 500,00")],
    [(60, "Chaise"), (-560, "4"), (-760, "80,00"), (-940, "320,00")],
    [(-760, "Total HT"), (-940, "2 820,00 €")],
    [(-760, "TVA 20 %"), (-940, "564,00 €")],
    [(-760, "Total TTC"), (-940, "3 384,00 €")],
]

DUTCH = [
    [(60, "Zuiderpoort Techniek B.V.")],
    [(60, "Havenstraat 9")],
    [(60, "3011 AB Rotterdam")],
    [],
    [(60, "Factuuradres"), (600, "Factuurnummer"), (800, "F20230044")],
    [(60, "De Koperen Kraan"), (600, "Factuurdatum"), (800, "03-04-2023")],
    [(60, "Molenweg 2"), (600, "Vervaldatum"), (800, "17-04-2023")],
    [(60, "2611 CC Delft")],
    [],
    [(60, "Omschrijving"), (-560, "Aantal"), (-760, "Prijs"), (-940, "Bedrag")],
    [(60, "Bureaulamp"), (-560, "3"), (-760, "45,00"), (-940, "135,00")],
    [(-760, "Subtotaal"), (-940, "135,00")],
    [(-760, "Btw 21%"), (-940, "28,35")],
    [(-760, "Totaal incl. btw"), (-940, "€ 163,35")],
]

SPANISH = [
    [(60, "Suministros Valverde S.L.")],
    [(60, "Calle Molino 7")],
    [(60, "41001 Sevilla")],
    [],
    [(60, "Facturar a"), (600, "Número de factura"), (800, "A-2023-9")],
    [(60, "Talleres Puerto Azul"), (600, "Fecha de emisión"), (800, "3 de abril de 2023")],
    [(60, "Calle Mayor 50"), (600, "Fecha de vencimiento"), (800, "3 de mayo de 2023")],
    [(60, "11001 Cádiz"), (600, "Pedido"), (800, "P-31")],
    [],
    [(60, "Cantidad"), (200, "Concepto"), (-760, "Precio unitario"), (-940, "Importe")],
    [(60, "5"), (200, "Taladro"), (-760, "100,00"), (-940, "500,00")],
    [(-760, "Base imponible"), (-940, "500,00 €")],
    [(-760, "IVA 21%"), (-940, "105,00 €")],
    [(-760, "Total"), (-940, "605,00 €")],
]

HEADS = {
    "english": (
        ["Invoice Number", "Invoice Date", "Due Date", "Order No."],
        ["INV-5512", "18/06/2024", "24/06/2024", "771-A"],
    ),
    "german": (
        ["Rechnungsnummer", "Rechnungsdatum", "Fälligkeitsdatum", "Bestellnummer"],
        ["RE-5512", "18.06.2024", "24.06.2024", "771-A"],
    ),
    "french": (
        ["N° de facture", "Date de facture", "Date d'échéance", "N° de commande"],
        ["FA-5512", "18/06/2024", "24/06/2024", "771-A"],
    ),
    "dutch": (
        ["Factuurnummer", "Factuurdatum", "Vervaldatum", "Ordernummer"],
        ["F-5512", "18-06-2024", "24-06-2024", "771-A"],
    ),
    "spanish": (
        ["Número de factura", "Fecha de factura", "Fecha de vencimiento", "Número de pedido"],
        ["A-5512", "18/06/2024", "24/06/2024", "771-A"],
    ),
}
"""Heads in a row and the values below them, in five languages: number, date, due date, order."""


def picture_of(rows: Sequence[Sequence[tuple[int, str]]], *, width: int = 1000) -> Image:
    """The rows drawn as a picture, with the same places as `page_of`, in a size that an OCR engine reads."""
    scale, font = 1.6, PIL.ImageFont.load_default(25)
    picture = PIL.Image.new("RGB", (round(width * scale), round((80 + len(rows) * LINE * 1.3) * scale)), "white")
    pen = PIL.ImageDraw.Draw(picture)
    for n, row in enumerate(rows):
        for x, text in row:
            at = x if x >= 0 else -x - pen.textlength(text, font=font) / scale
            pen.text((at * scale, (40 + n * LINE * 1.3) * scale), text, fill="black", font=font)
    return Image(pixels=np.asarray(picture))
