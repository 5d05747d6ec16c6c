"""What the words of a question say beside its subject."""

from __future__ import annotations

import pytest

from mm_agents.agent.query_analysis import form_of, greeting_to, is_meant, names_in, subject_of, task_of, wants_several


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Which clip shows the dog playing with a stick?", "the dog playing with a stick"),
        ("please find me some photos of a red bicycle", "a red bicycle"),
        ("do I have any pictures of lighthouses in my library?", "lighthouses"),
        ("movies about ballet dancers", "ballet dancers"),
        ("sailing pictures", "sailing"),
        ("posters that look cold and blue", "cold and blue"),
        ("find the bill of the plumber and add up its items", "the bill of the plumber"),
        ("can you show me a video where a horse jumps", "a horse jumps"),
        ("photos", "photos"),
    ],
)
def test_the_subject_of_a_question(question: str, subject: str) -> None:
    assert subject_of(question) == subject


@pytest.mark.parametrize(
    ("question", "form"),
    [
        ("turn this into JSON", "json"),
        ("as a markdown table please", "markdown"),
        ("Can you list the fields?", "steps"),
        ("give me the rows as a list", "steps"),
        ("How does this process work?", "steps"),
        ("Can you list the examples given for trucks?", None),
        ("When does a row get added to the list?", None),
        ("how does welding work according to this?", None),
        ("write Python code for this process", "python"),
        ("give me the diagram as mermaid", "mermaid"),
        ("list its steps", "steps"),
        ("export the table as CSV", "csv"),
        ("which region sold most?", None),
        ("what does the chart say?", "steps"),
        ("what does the chart say about couriers?", None),
        ("after packing, what are the next two steps?", None),
        ("How much money did the markdown save me?", None),
    ],
)
def test_the_form_that_is_wanted(question: str, form: str | None) -> None:
    assert form_of(question) == form


def test_names_tasks_and_numbers() -> None:
    assert names_in("What did Northwind Parts charge for the lamp in May?") == ["Northwind Parts"]
    assert names_in("what is the total in USD as JSON") == []
    assert task_of("find the scan of the bill and then sum up its items") == "sum up its items"
    assert task_of("what is the total?") == "what is the total?"
    both = "give me the total and tell me who sold it"
    assert (task_of(both), task_of(both, given=True)) == ("tell me who sold it", both)
    assert wants_several("photos of cats")
    assert not wants_several("which photo shows the cat?")


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("Thanks a lot", "You are welcome."),
        ("ok great, thank you!", "You are welcome."),
        ("perfect, that is what I needed", "You are welcome."),
        ("great white sharks", None),
        ("tell me a joke, and thanks?", None),
        ("hello there", "Hello."),
        ("What can you do?", "I answer from the library and from attached files."),
        ("who are you?", "I answer from the library and from attached files."),
        ("hi, what can I ask you?", "I answer from the library and from attached files."),
        ("what is in my library", "I answer from the library and from attached files."),
        ("who are you meeting on Friday?", None),
        ("What is this clip about?", None),
        ("what can you do about the leak in the kitchen?", None),
    ],
)
def test_a_word_in_return(question: str, reply: str | None) -> None:
    assert greeting_to(question) == reply


@pytest.mark.parametrize(
    ("question", "fits"),
    [
        ("what's the due date of invoice 471102?", True),
        ("What is the total of invoice no. 471102?", True),
        ("the invoice number INV/2023/0008, who sent it?", False),
        ("what is the total of invoice 999123?", False),
        ("What is the IBAN on the intarsys invoice?", False),
        ("What is the IBAN on the Harbour invoice?", True),
        ("What is the total of the invoice 2023?", True),
    ],
)
def test_a_document_is_meant_only_with_the_number_and_name_of_the_question(question: str, fits: bool) -> None:
    payload = {
        "source": {"name": "scan.png"},
        "reading": {"fields": {"number": {"value": "47-1102"}, "seller": {"value": "Harbour Parts"}, "iban": {}}},
        "answered": {"question": question, "text": "of intarsys 999123"},
    }
    assert is_meant(payload, question) is fits
