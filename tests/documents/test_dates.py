from __future__ import annotations

from datetime import date

import pytest

from mm_agents.documents.dates import dates_in, fold, order_of


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2020-11-21", "2020-11-21"),
        ("vom 16.08.2018", "2018-08-16"),
        ("02 Juillet 2015", "2015-07-02"),
        ("1er août 2021", "2021-08-01"),
        ("August 3 , 2014", "2014-08-03"),
        ("Jan 1, 2022", "2022-01-01"),
        ("1. März 2018", "2018-03-01"),
        ("31 maart 2021", "2021-03-31"),
        ("3 de marzo de 2018", "2018-03-03"),
        ("20 de octubre de2023", "2023-10-20"),
        ("03-MAR-18", "2018-03-03"),
        ("25/12/2018 8:13:39 PM", "2018-12-25"),
        ("0ct30'18", "2018-10-30"),
        ("270ec'16 17:58", "2016-12-27"),
        ("JAN09:03 9:03PM", "2003-01-09"),
        ("OCT3018", "2018-10-30"),
        ("31-03-201818:12:41", "2018-03-31"),
        ("18-10-17 15:16", "2017-10-18"),
    ],
)
def test_dates_are_read_in_five_languages(text: str, iso: str) -> None:
    (found,) = dates_in(text)
    assert found.readings == (date.fromisoformat(iso),)


def test_an_ambiguous_date_keeps_both_readings() -> None:
    (found,) = dates_in("due 11/02/2019.")
    assert found.readings == (date(2019, 2, 11), date(2019, 11, 2))
    assert found.proves is None
    assert found.read("month first") == date(2019, 11, 2)


def test_another_date_proves_the_order() -> None:
    dates = dates_in("11/02/2019 and 26/02/2019")
    order, proof = order_of(dates)
    assert order == "day first"
    assert proof is dates[1]
    assert order_of(dates_in("03/20/2023 04/04/2023"))[0] == "month first"
    assert order_of(dates_in("05.03.2018"))[0] == "day first"
    assert order_of(dates_in("05/03/2018")) == (None, None)


@pytest.mark.parametrize("text", ["2312/2019", "30/02/2019/1", "version 2.0.1", "12 Mill 2020", "99/99/2019", ""])
def test_what_is_no_date(text: str) -> None:
    assert dates_in(text) == []


def test_folding_keeps_every_character_in_its_place() -> None:
    assert fold("Fällig ÉCHÉANCE ß ﬁ") == "fallig echeance s f"
