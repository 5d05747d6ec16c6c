"""The numbers by which pages are read, each with what it keeps apart."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PageParameters:
    """Numbers that decide how words are read and found; pixels are those of the picture as it is looked at.

    They were set on scanned invoices, tables of reports, flowcharts, charts and drawn pages.
    """

    # Ink and paper
    faintest_ink: float = 24  # grey levels; what differs less from its surroundings is paper, grain or JPEG ringing
    ink_share: float = 0.35  # of the strongest contrast in a line: blurred edges of letters are above, shadows below
    strongest: float = 99.5  # percentile that is the strongest contrast: beyond are stray pixels
    rule_share: float = 0.85  # of a line's width or height: a ruling line is unbroken over more, letters are not
    rule_rim: int = 3  # pixels of the page from a line's left and right end: a rule is nearer, the letter l may not be
    rule_apart: float = 0.4  # half heights of a line from its middle: rules above and below the text are further away

    # How the page is turned
    lying: float = 1.8  # widths to heights of a run of text whose slope is measured: shorter ones slope at random
    lying_width: float = 24  # pixels, for the same reason
    lying_runs: int = 3  # fewer runs say nothing about the page
    skew_points: int = 50  # fewer edges say nothing about the page
    skew_side: int = 1000  # pixels of the picture that is measured; enough to show a tenth of a degree
    skew_most_points: int = 60_000  # more cost time and do not change the angle
    skew_edge: float = 0.3  # of the strongest step between two rows: edges of letters, not of their blur
    skew_reach: float = 2.0  # degrees around the slope of the text; words are short, so their slope is rough
    skew_step: float = 0.25  # degrees, first search; the longest rows stand out over a wider range
    skew_fine_step: float = 0.05  # degrees, second search
    skew_least: float = 0.25  # degrees; less does not move a word by its height across a page
    skew_gain: float = 1.04  # rows of the page turned back stand out by this factor more, or the page is straight
    upright: float = 1.5  # heights to widths: a taller run may be turned text, or a single character
    turned: float = 2.5  # a taller one is turned text
    sideways: float = 2.0  # total lengths of upright to lying runs: the page is on its side
    sideways_lines: int = 8  # longest runs that say which side
    head_lines: int = 6  # longest lines that say whether the page is on its head
    head_sure: float = 0.85  # mean confidence from which the page is not on its head
    head_gain: float = 0.1  # confidence by which lines are read better upside down

    box_rim: float = 0.25  # of a pixel that a box may reach into without covering it: turning a page is not exact
    word_rim: float = 0.3  # of a pixel, for words: their corners come from a line's crop, which is less exact

    # Detector and recogniser
    strip_pixels: int = 3_000_000  # a tall page is cut into strips: its text keeps its size, memory has a bound
    strip_shortest: int = 640  # pixels of height
    strip_longest: int = 2400  # pixels of height
    strip_spare: float = 1.2  # strips of height: what is a little longer is not cut
    strip_columns: int = 1500  # columns that are looked at for a calm row to cut at
    strip_calm: int = 9  # rows that are calm together: more than the gap inside a letter
    longest_side: int = 4000  # pixels; the detector makes larger pictures smaller
    first_side: int = 2000  # pixels of the first search on a large page, RapidOCR's own default
    first_spare: float = 1.5  # times that: a page that is not much larger is searched as it is
    first_percentile: int = 10  # of the lines' heights: the smallest print says whether the smaller picture is enough
    first_legible: float = 18  # pixels; where lines are lower in the smaller picture, the page is searched as it is
    shortest_side: int = 736  # pixels; smaller pictures are enlarged to it, RapidOCR's own default
    enlarged: int = 3  # times at most
    small_print: float = 24  # pixels; lower lines are read from a picture twice as large; set on charts
    legible: float = 14  # pixels; lines of a page or cut-out that were seen as high need no second search
    written: int = 30  # lines; a page with fewer may be a chart, whose connectors begin close beside its words
    padded: int = 320  # pixels; RapidOCR pads short lines to it. Less costs less, and misreads a few characters
    padded_cut_out: int = 160  # pixels, for short lines of a cut-out: many places are read again at a tenth of the cost
    line_share: float = 0.2  # of a cut-out's height: its lines are as high; ink lower than that of them is a rule
    line_alike: float = 0.5  # of the highest line of a cut-out: lower ink is part of a letter, or a drawing
    line_gap: float = 2  # heights of a line: ink further apart is two lines side by side, where there are several
    longest_stroke: float = 1.2  # of a line's height; no letter has a longer one
    line_rim: float = 0.2  # of a line's height: how far around its ink it is cut out, as the detector does
    lowest_line: int = 4  # pixels; the detector gives lines of no height where a strip is cut
    longest_line: int = 150  # heights; longer lines are read in pieces, as memory grows with the square of the length
    least_confidence: float = 0.5  # less is a picture read as letters
    unread_lines: int = 2  # fewer that say nothing are drawings
    unread_share: float = 0.3  # of the lines' lengths: a page with more that say nothing is in writing that is not read
    unread_sure: float = 0.9  # confidence; on such a page, letters that are read less surely are made up
    reading_band: float = 10  # pixels; lines whose middles are as near are read from left to right

    # Words of a line
    wide_gap: float = 0.75  # heights of the text between two characters of different words, if no space was read
    wide_pitch: float = 1.2  # typical distances of characters between them: monospaced and spaced-out text is wide
    usual_pitch: float = 0.6  # heights from one character to the next, if there is only one
    word_reach: float = 1.5  # distances of characters: ink further from a line's first and last one is not theirs
    paragraph_gap: float = 1.4  # of the usual step from line to line: a wider one ends a paragraph
    paragraph_room: float = (
        1.2  # of the next line's first word, which would have stood beside a line that has such room
    )
    row_offset: float = 0.5  # heights of a word: words of one row have nearer middles
    pdf_overlap: float = 2  # pixels that words of a PDF's line may overlap
    text_characters: int = 16  # a page of a PDF with fewer of its own is a scan with a stamp or page number

    # Quotes, dates and places that are read again
    quote_words: int = 60  # a longer run is not a quote
    quote_likeness: float = 0.86  # of a quote with misread letters; other phrases of a page are less like it
    quote_slack: float = 0.2  # of a quote's letters that may be more or fewer on the page
    quote_room: float = 1.25  # lengths of a quote that are looked at, as marks between its letters do not count
    quote_shortest: int = 5  # characters; shorter ones may not differ: "154.06" is not "154.08", "YES" is not "YE5"
    month_likeness: float = 84  # of 100, of a misread month's name; "marzo" and "march" stay apart
    month_shortest: int = 5  # letters; shorter names may not differ: "jun" is not "jul"
    reread_letters: int = 2  # other engines overlook three in five single characters: reading one again proves nothing
    reread_across: float = 0.4  # heights of the text above and below a place: more shows the lines beside it too
    reread_height: int = 32  # pixels; larger text is made as high before it is read again: more costs time, not errors
    reread_places: int = 250  # of one document; the others stay unconfirmed

    # Hidden text
    seen: float = 40  # levels of 255 in the channel where ink differs most: text that differs as much is seen
    seen_share: float = 90  # percentile of a word's ink that has to differ less
    hidden_sure: float = 0.75  # confidence; less is grain of the enhanced picture read as letters
    hidden_alike: float = 0.97  # correlation of two enhanced pictures that show the same
    hidden_side: int = 1600  # pixels; larger pictures are made smaller: what is hidden is larger than a hair
    hidden_blur: float = 1.1  # pixels; grain and JPEG ringing of a channel go, strokes stay
    hidden_around: float = 20  # pixels around a place whose contrast is stretched together: about a line of text
    hidden_spread: float = 5  # standard deviations from black to white in such a picture
    hidden_shortest: int = 3  # pixels of a word's shorter side; less has no paper around its ink


PARAMETERS = PageParameters()
