"""The numbers that decide how a table is read, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TableParameters:
    """Numbers that decide how a table is read.

    Lengths are in heights of capitals and shares in 0 to 1 unless said otherwise. Set on the 27 tables of ICDAR-2013,
    PubTabNet and the course, and on drawn pages. ``tools/sensitivity.py`` prints what moving each of them changes.
    """

    # Shares that mean the same wherever they are used.
    few: float = 0.15  # exceptions: so many of a kind do not speak against what the others say
    most: float = 0.6  # what holds for so many of a column, a line or a page holds for it
    nearly_all: float = 0.85  # of a width or a number: what is missing is a margin, or an error of OCR

    # Letters and lines.
    letter_aspect: float = 1.9  # a capital's height in mean widths of a letter: checks boxes that touch a ruling line
    descender: float = 0.25  # of a word's box: what "g" and "," hang below the line that letters stand on
    word_space: float = 0.42  # a space between words, where there are too few to measure it
    widest_space: float = 0.6  # what is measured where blanks are mostly those between columns is cut to this
    slack: float = 0.25  # boxes of words that overlap no further only touch
    alignment: float = 0.7  # edges no further apart are in line: indents are deeper

    # Columns.
    normal_blank: float = 1.6  # in spaces: blanks up to this part words, not columns
    broad_blank: float = 1.2  # a blank as broad counts fully for a divide
    broad_blank_ruled: float = 2.0  # the same where ruling lines part the columns already
    divide_evidence: float = 1.5  # lines with a blank at one place that make it a divide: one may be chance
    lone_blank: float = 3.0  # a blank so broad divides columns in a single line, and lines further apart are strangers
    crossing_share: float = 0.34  # lines that run across a divide, per line with a blank there: titles, sections
    crossing_cost: float = 1.5  # lines with a blank that one line across outweighs where the best divide is chosen
    column_gap: float = 1.5  # blanks within a cell, columns, and what a word reaches into the next one, are narrower
    overhang: float = 0.35  # of a piece's width: what reaches less into a column does not fill it
    centred: float = 1.2  # a title over several columns is off their middle by no more

    # Rows.
    shortest_leading: float = 1.15  # lines of one text are further apart than this,
    longest_leading: float = 2.4  # and nearer than this
    leading: float = 1.8  # from line to line where no column shows it
    leading_percentile: int = 15  # small, for rows are further apart than the lines of one cell
    tight: float = 0.75  # of the leading: lines so near are one row, such as a raised unit beside its number
    loose: float = 1.3  # of the leading: lines further apart are two rows
    wrong_cost: int = 4  # texts set right that one set under a text which it does not continue outweighs
    jump: float = 1.2  # distances that differ by this factor are of different kinds
    full_line: float = 0.98  # of a column's width: a line that would be longer with the next word had to break

    # Where the table is.
    prose_words: int = 8  # a line of so many words without a gap is running text
    larger_title: float = 1.25  # a line in print so much larger than the table's is its title
    block_blank: float = 2.0  # blanks between the blocks of a page are broader
    frame_edge: float = 2.0  # rulings of one frame begin and end within this
    most_beside: float = 0.3  # of the page's words: with fewer beside the table, all of the page is the table
    head_limit: int = 8  # lines of a head at most

    # Rulings.
    contrast: int = 14  # grey levels between a ruling and its ground; the noise of JPEG is weaker
    stroke: float = 1.6  # strokes of letters across are shorter
    stem: float = 1.25  # strokes of letters upright are shorter
    shortest_ruling: float = 2.2  # what is shorter is a dash or part of a picture
    thickest_ruling: float = 0.6  # what is thicker is a bar or a letter
    ruling_break: float = 0.8  # breaks in a ruling, where others cross it, are shorter
    same_ruling: float = 0.3  # rulings no further apart are a double one, or the edges of a thick one
    longest_dash: float = 0.8  # dashes of a ruling are shorter, and strokes of digits below each other longer
    dashes: int = 6  # fewer in a row are hyphens
    uneven: float = 0.2  # of the distance between two dashes: those of a ruling differ by less
    inside_word: float = 0.2  # of a word's height: a ruling at its edge underlines it, further inside it is a stroke
    ground_levels: int = 10  # grounds that differ by less are one
    ground_blocks: int = 24  # places across the table where its ground is measured

    # Page breaks.
    break_room: float = 0.6  # of a page's height: a table that goes on ends below, and begins above the rest
    break_lines: int = 4  # headers and footers of a page have no more lines

    # Cards.
    flat_levels: int = 6  # neighbours in an area of one colour differ by no more
    card_filled: float = 0.8  # of its bounding box: what a box with round corners fills at least
    longest_side: int = 1600  # pixels: a larger page is made smaller before cards are looked for
    card_gap: float = 0.6  # cards stand further apart, cells of a table touch
    same_size: float = 0.1  # of a side: cards of one size differ by less
    title_reach: float = 2.5  # heights of a card: titles of columns stand no further above

    # Words that OCR overlooked, and doubt.
    ink: int = 48  # levels between ink and ground: shadows and tints are weaker
    most_overlooked: int = 40  # with more, the grid is wrong, or the page is a picture
    mark_pixels: int = 6  # a check mark's shape is not made out in fewer
    mark_arm: float = 0.25  # of its width or height: the ends of a mark's arms, and its foot
    mark_rise: float = 0.2  # of its height: a check mark's right arm ends so much above its left one
    mark_foot: float = 0.14  # of its width: a slash has its foot further left
    mark_part: float = 0.06  # of a mark's ink: a ninth of its place with less is empty
    letters: int = 28  # pixels: how high capitals are made before they are read again
    dash_height: float = 0.3  # a dash is lower
    hyphen: float = 0.62  # a dash that is shorter is a hyphen
    sure: float = 0.6  # confidence: what is read less surely again is not taken
    unsure: float = 0.75  # confidence: a cell with a word read less surely is doubtful
    values_in_prose: float = 0.05  # of the lines of running text in columns: numbers alone on a line

    # Questions.
    same_word: float = 0.8  # similarity of two words of which one is misspelled
    kind_named: float = 0.2  # what a column gains where the question says what its rows are: "which country"
    named: float = 0.6  # of a name's words: a question that has so many means it
    tie: float = 0.001  # between how well a question names two series: both are meant


PARAMETERS = TableParameters()
