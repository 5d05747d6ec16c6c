"""The numbers that decide how an invoice is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceParameters:
    """Numbers that decide how an invoice is read; lengths are in heights of the text unless said otherwise.

    Set on printed invoices in five languages (47 pages) and photographed receipts (60), and tried on drawn invoices.
    """

    # rows and segments
    gap: float = 1.25  # wider blanks part segments: columns are further apart, words of a text closer
    gap_in_run: float = 1.8  # the same where the OCR engine read both words in one run, so that they belong together
    least_height: int = 6  # pixels; a dash is lower, and its height says nothing about the blank beside it
    sunken: float = 0.15  # of its height; an amount that far beside the row above it belongs to it
    sloping_runs: int = 5  # runs of words that say how a sheet is bent; fewer may all be of unlike letters
    sloping_length: float = 4.0  # of a run: over a shorter one the heights of its letters are more than its slope
    sloping_stiff: tuple[float, ...] = (0.002, 0.02, 0.2)  # of a slope that grows over the sheet; the best is taken
    sloping_gain: float = 1.03  # of how evenly words are then in rows; less is chance; set on drawn photographs
    most: float = 0.6  # what counts as most: of a height shared in a row, of rows that multiply, of a name's words

    # labels and their values
    longest_value: int = 24  # letters behind a label; with more it is part of a sentence and has no value below it
    below_reach: float = 3.0  # a value is at most a blank line below its label
    head_reach: float = 9.0  # the same under a row of heads, and between the rows of a table: cells may be tall
    shortest_misread: int = 6  # letters; shorter labels with a wrong letter are other words
    longest_misread: int = 32  # letters; longer texts are sentences
    label_likeness: float = 88  # of 100; labels are looked for in every line, so that few letters may be wrong
    likeness: float = 83  # of 100; of headings of columns, names of items and of sites, which have fewer rivals
    longest_term: int = 190  # days from issue to due date: half a year; the other reading of a date is far off

    # headers and rows of items
    header_rows: int = 5  # headings with units and translations take up to four rows
    longest_header: int = 40  # words of a header, letters of a heading; more are a text
    word_gap: float = 0.6  # words of one heading are closer, headings further apart
    pitch: float = 2.05  # from a row of a header or a line of a description to its next
    first_line: float = 4.0  # from a row's numbers to the description below them
    misplaced: float = 6.0  # how much further off a column is for a cell of another kind: text for numbers
    short_word: int = 4  # letters; units and currencies in a column of numbers have no more
    longest_unit: int = 9  # letters; with more of them beside it a number is part of a text
    rounded_share: float = 0.0015  # of an amount; unit prices are rounded, so that their products are off by as much
    amount_reach: float = 3.0  # from the right end of a receipt's amounts; further off are prices of one unit
    most_rows: int = 200  # of a table; bounds the time that a page of numbers takes

    blank_between: float = 2.0  # between two invoices one above another: both have margins

    # totals; weights.toml says how much their features count
    indirect: float = 1.5  # ranks that a label loses where its amount is below it or it is not the word for a total
    highest_rate: float = 50  # percent; of a tax
    most_candidates: int = 5  # of a kind, that are tried with each other; bounds the time
    rounding: float = 0.05  # a total is rounded down by up to half of the smallest coin

    # parties
    name_reach: float = 8.0  # a name beside its heading is not the text of the next column
    block_gap: float = 3.3  # to the first line of a block, and between the lines of a letterhead
    line_gap: float = 2.4  # from a line of a block under a heading to its next; blocks are further apart
    indent: float = 3.2  # how far lines of one block may begin from each other
    flush: float = 1.2  # the same where no heading says that they are a block
    longest_address: int = 6  # lines with the name
    longest_block: int = 12  # rows to look for an address in; a receipt is one block down to its end
    largest: float = 2.0  # times the text's height; larger letters of a name say no more
    longest_name: int = 8  # words; more are a sentence

    # how sure a field is
    unconfirmed_right: float = (
        0.92  # of the fields that nothing confirms, 98 of 106 of the pages seen; others all but 1
    )

    # details and anything with a label
    shortest_iban: int = 15  # letters and digits: Norway's, the shortest
    longest_phrase: int = 60  # letters of a value; longer texts are sentences
    longest_label: int = 4  # words without a colon or a number behind them
    most_labelled: int = 60  # bounds how many places are looked at a second time

    # names of items in questions
    name_coverage: float = 0.1  # how much it counts that all words of an item are asked for: decides between equals
    item_tie: float = 0.005  # items that fit this closely are both meant


PARAMETERS = InvoiceParameters()
