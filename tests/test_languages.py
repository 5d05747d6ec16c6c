from __future__ import annotations

import pytest

from mm_agents.languages import ENGLISH, detected, in_english_again, said_in

TEXTS = {
    "de": "Zeig mir Bilder von Katzen|Wann ist die Rechnung fällig?|Hunde am Strand|zwei Frauen gehen spazieren",
    "fr": "Quel est le montant total ?|photos de chats|deux chiens dans la neige|une église",
    "es": "¿Cuánto es el total?|fotos de perros|un hombre con sombrero y una mujer",
    "zh": "找一些猫的照片|一只狗在雪地里奔跑|NOKIA 手机",
    "ja": "合計はいくらですか|犬と猫の写真",
    "ar": "صور القطط",
    "ru": "фотографии кошек",
    "ko": "고양이 사진",
    "th": "รูปแมว",
    "it": "mostrami le foto del cane",
    "nl": "laat mij een foto van het huis zien",
    "pt": "mostre as fotos do cachorro",
    "pl": "pokaż zdjęcia psów",
    "tr": "köpek fotoğrafları göster",
    "en": "Which clip shows the dog?|show me pictures of cats|a man at the beach|COFFEE at the café|17",
}


@pytest.mark.parametrize("code", TEXTS)
def test_languages_are_told(code: str) -> None:
    for text in TEXTS[code].split("|"):
        assert detected(text) == code, text


@pytest.mark.parametrize("text", ["Katzen", "golf ball", "perro"])
def test_words_alone_tell_no_language(text: str) -> None:
    assert detected(text) is None


def test_names_in_another_script_do_not_tell_the_language() -> None:
    assert detected("find the photo of the 東京 tower in my pictures") == ENGLISH


def test_several_sentences_are_turned_one_by_one() -> None:
    text = "The total is 154.06 USD. The seller is East Repair Inc."
    german = said_in(text, "de")
    assert german == "Der Gesamtbetrag ist 154.06 USD. Der Verkäufer ist East Repair Inc."
    assert in_english_again(german, "de") == text
