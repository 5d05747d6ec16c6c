"""The numbers that decide how an invoice is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceParameters:
    """Numbers; lengths are in heights of the text."""

    gap: float = 1.25
    gap_in_run: float = 1.8
    least_height: int = 6
    below_reach: float = 3.0
    head_reach: float = 9.0
    longest_value: int = 24
    shortest_misread: int = 6
    longest_misread: int = 32
    label_likeness: float = 88
    likeness: float = 83
    longest_term: int = 190
    name_coverage: float = 0.1
    item_tie: float = 0.005
    name_reach: float = 8.0
    block_gap: float = 3.3
    line_gap: float = 2.4
    indent: float = 3.2
    flush: float = 1.2
    longest_address: int = 6
    longest_block: int = 12
    letterhead: float = 2.0
    top: float = 4.0
    top_part: float = 0.42
    largest: float = 2.0
    company: float = 2.5
    sender: float = 2.0
    street: float = 3.0
    longest_name: int = 8
    indirect: float = 1.5
    highest_rate: float = 50
    most_candidates: int = 5
    rounding: float = 0.05
    per_rank: float = 0.2
    likely: float = 0.8
    highest: float = 0.5
    proof: float = 3.0
    most: float = 0.6
    short_word: int = 4
    longest_unit: int = 9
    misplaced: float = 6
    rounded_share: float = 0.0015
    header_rows: int = 5
    longest_header: int = 40
    header: float = 3.0
    word_gap: float = 0.6
    pitch: float = 2.05
    first_line: float = 4.0
    most_rows: int = 200


PARAMETERS = InvoiceParameters()
