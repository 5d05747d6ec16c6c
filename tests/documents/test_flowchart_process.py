"""What is computed from a chart's graph: steps, code, ways, findings and answers; and that its texts stay texts."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from mm_agents.documents.flowchart import Flowchart
from mm_agents.documents.flowchart.data import Edge, FlowchartData, Lane, Node
from mm_agents.documents.flowchart.export import dot, identifier, mermaid
from mm_agents.documents.flowchart.vision.regions import Shape
from mm_agents.errors import ConfigError
from mm_agents.types import Box, Evidence

PLACE = Box(x0=0, y0=0, x1=10, y1=10)


def chart(
    nodes: dict[str, tuple[Shape, str, str | None]], edges: list[tuple[str, str, str]], lanes: tuple[str, ...] = ()
) -> Flowchart:
    return Flowchart(
        nodes=tuple(
            Node(
                id=id,
                text=text,
                shape=shape,
                lane=lane,
                box=PLACE,
                evidence=Evidence(asset="", path=None, sha256=None, how="traced", quote=text, box=PLACE),
            )
            for id, (shape, text, lane) in nodes.items()
        ),
        edges=tuple(Edge(source=source, target=target, label=label) for source, target, label in edges),
        lanes=tuple(Lane(name=name, box=PLACE) for name in lanes),
    )


@pytest.fixture
def order() -> Flowchart:
    """A small order process with a loop, two lanes and two ends."""
    return chart(
        {
            "n1": ("circle", "", "Shop"),
            "n2": ("rectangle", "Check the order", "Shop"),
            "n3": ("diamond", "In stock?", "Shop"),
            "n4": ("rectangle", "Pack the goods", "Warehouse"),
            "n5": ("rectangle", "Order parts", "Warehouse"),
            "n6": ("stadium", "Done", "Shop"),
        },
        [
            ("n1", "n2", ""), ("n2", "n3", ""), ("n3", "n5", "No"), ("n3", "n4", "Yes"), ("n5", "n2", ""),
            ("n4", "n6", ""),
        ],
        ("Shop", "Warehouse"),
    )  # fmt: skip


def run_module(chart: Flowchart) -> dict[str, Any]:
    """What the written module defines; only the tests run it, on charts that they drew."""
    scope: dict[str, Any] = {}
    exec(compile(chart.to_python(), "chart.py", "exec"), scope)
    return scope


def test_steps_are_numbered_and_say_where_to_go(order: Flowchart) -> None:
    assert order.to_steps().splitlines() == [
        "1. Shop: Start.",
        "2. Shop: Check the order.",
        "3. Shop: In stock? If No: go to 6. If Yes: go to 4.",
        "4. Warehouse: Pack the goods.",
        "5. Shop: Done. Here it ends.",
        "6. Warehouse: Order parts. Then go to 2.",
    ]


def test_the_module_walks_with_the_callers_actions(order: Flowchart) -> None:
    module = run_module(order)
    calls: list[str] = []
    stock = iter(["No", "Yes"])
    done = module["run"](
        {"pack_the_goods": lambda: calls.append("pack"), "order_parts": lambda: calls.append("order")},
        {"in_stock": lambda: next(stock)},
    )
    assert calls == ["order", "pack"]
    assert done == [
        "start", "check_the_order", "in_stock", "order_parts", "check_the_order", "in_stock", "pack_the_goods", "done",
    ]  # fmt: skip
    assert module["ROLES"]["pack_the_goods"] == "Warehouse"
    with pytest.raises(LookupError, match="'Perhaps' is no way on"):
        module["run"]({}, {"in_stock": lambda: "Perhaps"})
    with pytest.raises(LookupError, match="Nobody decides"):
        module["run"]({}, {})
    with pytest.raises(RuntimeError, match="after 50 steps"):
        module["run"]({}, {"in_stock": lambda: "No"}, most_steps=50)


HOSTILE = (
    '"); import os #',
    "'''\nimport os\nos.system('true')\n'''",
    '"""',
    "\\",
    "{__import__('os')}",
    "import os",
    "class",
    "_",
    "ñandú 漢字",
    "x" * 500,
    "\u202eevil\u0000",
    "1) first",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_charts_text_is_never_code(text: str) -> None:
    hostile = chart(
        {"n1": ("rectangle", text, text), "n2": ("diamond", text, None), "n3": ("circle", text, None)},
        [("n1", "n2", text), ("n2", "n3", text), ("n2", "n1", "")],
        (text,),
    )
    source = hostile.to_python()
    tree = ast.parse(source)
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imported] == ["from collections.abc import Callable, Mapping"]
    top = [type(node).__name__ for node in tree.body]
    assert set(top[1:]) <= {"ImportFrom", "Assign", "AnnAssign", "FunctionDef"}
    assert top.count("FunctionDef") == 1
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            ast.literal_eval(node.value)
    assert not [call for call in ast.walk(tree) if isinstance(call, ast.Name) and call.id in ("os", "exec", "eval")]
    assert all(name.isidentifier() for name in run_module(hostile)["TEXTS"])
    mermaid = hostile.to_mermaid()
    assert len(mermaid.splitlines()) == len(chart({}, []).to_mermaid().splitlines()) + 8 - (0 if text.split() else 2)
    for quoted in re.findall(r'"([^"]*)"', mermaid):
        assert not set(quoted) & set("<>`{}[]")
    assert all(line.count('"') % 2 == 0 for line in mermaid.splitlines())
    dot = re.sub(r'"(?:[^"\\]|\\.)*"', "Q", hostile.to_dot())
    assert "import" not in dot
    assert "\\" not in dot


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Place an order", "place_an_order"),
        ("class", "class_"),
        ("3 steps", "step_3_steps"),
        ("Été à Zürich!", "ete_a_zurich"),
        ("漢字", ""),
        ('"); import os #', "import_os"),
    ],
)
def test_identifiers_are_cleaned(text: str, name: str) -> None:
    assert identifier(text) == name


def test_every_way_is_told_and_loops_are_bounded(order: Flowchart) -> None:
    ways = order.paths()
    assert ("n1", "n2", "n3", "n4", "n6") in ways
    assert all(len(way) <= 9 for way in ways)
    full = {f"n{n}": ("rectangle", f"Step {n}", None) for n in range(12)}
    everywhere = chart(full, [(a, b, "") for a in full for b in full if a != b])  # type: ignore[arg-type]
    assert len(everywhere.paths(most=50)) == 50


def test_findings_name_what_is_wrong() -> None:
    doubtful = chart(
        {
            "n1": ("circle", "", None),
            "n2": ("diamond", "Ready?", None),
            "n3": ("rectangle", "Wait", None),
            "n4": ("rectangle", "Go", None),
            "n5": ("rectangle", "Alone", None),
            "n6": ("diamond", "Sure?", None),
            "n7": ("rectangle", "Round", None),
        },
        [
            ("n1", "n2", ""), ("n2", "n3", ""), ("n2", "n4", "yes"), ("n4", "n6", ""), ("n6", "n7", "yes"),
            ("n7", "n6", ""), ("n5", "n4", ""),
        ],
    )  # fmt: skip
    found = {(finding.kind, finding.nodes) for finding in doubtful.findings}
    assert ("unlabelled_branch", ("n2",)) in found
    assert ("dead_end", ("n3",)) in found
    assert ("unreachable", ("n5",)) in found
    assert ("missing_branch", ("n6",)) in found
    assert ("endless_loop", ("n6", "n7")) in found
    assert {finding["kind"] for finding in doubtful.to_json()["findings"]} == {kind for kind, _ in found}


def test_a_sound_chart_has_no_findings(order: Flowchart) -> None:
    assert order.findings == ()


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What comes after Check the order?", "In stock?"),
        ("Where do you get to from check the order?", "In stock?"),
        ("what happens if it is in stock?", "Pack the goods"),
        ("what happens when it is not in stock", "Order parts"),
        ("When does Pack the goods happen?", "if Yes"),
        ("who does order parts?", "Warehouse"),
        ("who packs the goods?", "Warehouse"),
        ("how many steps are there?", "3 steps, with 1 decision and 2 starts and ends"),
        ("how many shapes are there?", "6 shapes: 3 tasks, 1 decision and 2 starts and ends"),
        ("How many decisions are there?", "1 decision"),
        ("Which decisions are made?", "“In stock?”."),
        ("How do you get from Order parts to the end?", "→ Pack the goods → Done"),
        ("how many steps?", "3 steps"),
        ("shortest way to Done", "5 steps"),
        ("Can Done be reached without Order parts?", "Yes"),
        ("can Done be reached without Pack the goods?", "No"),
        ("what does the warehouse do?", "Pack the goods and Order parts"),
        ("where does it start?", "Start"),
        ("What is the first decision?", "The first decision is “In stock?”."),
        ("What happens after the first decision in order.png?", "comes No: Order parts and Yes: Pack the goods"),
        ("what comes after the first step?", "In stock?"),
        ("list the steps", "6. Warehouse: Order parts. Then go to 2."),
        ("What are the questions in the chart?", "“In stock?”."),
        ("How many questions must be answered?", "1 decision"),
        ("Is there a loop?", "Yes: Check the order → In stock? → Order parts → Check the order."),
        ("Do I check the order before I pack the goods?", "Yes: Check the order → In stock? → Pack the goods."),
        ("Must we pack the goods before we check the order?", "No: Check the order → In stock? → Pack the goods."),
        ("Can I get to the end without ordering parts?", "Yes: "),
        ("Where does packing the goods lead to?", "comes Done"),
    ],
)
def test_questions_are_answered_by_following_connectors(order: Flowchart, question: str, wanted: str) -> None:
    answered = order.ask(question)
    assert answered.answer is not None
    assert wanted in answered.answer
    assert "lanes" in question or answered.evidence


def test_a_decision_without_words_is_told_by_its_branches() -> None:
    paid = chart(
        {
            "n1": ("rectangle", "Pay", None),
            "n2": ("diamond", "", None),
            "n3": ("rectangle", "Ship", None),
            "n4": ("rectangle", "Send a reminder", None),
        },
        [("n1", "n2", ""), ("n2", "n3", "yes"), ("n2", "n4", "no")],
    )
    answered = paid.ask("What happens after Pay?")
    assert answered.answer == "After “Pay” comes a decision (yes: Ship and no: Send a reminder)."
    assert {place.quote for place in answered.evidence} >= {"Pay", "Ship", "Send a reminder"}


@pytest.fixture
def menu() -> Flowchart:
    """A chart without lanes, whose connectors have labels that answer nothing, and a decision with one way on."""
    return chart(
        {
            "n1": ("stadium", "Start", None),
            "n2": ("rectangle", "Set the budget to 90", None),
            "n3": ("rectangle", "Cook Writes Menu", None),
            "n4": ("parallelogram", "Draft", None),
            "n5": ("parallelogram", "Shopping list", None),
            "n6": ("diamond", "Send invitations?", None),
            "n7": ("stadium", "End", None),
        },
        [
            ("n1", "n2", ""), ("n2", "n3", ""), ("n3", "n4", "Menu written"), ("n3", "n5", "Amounts known"),
            ("n4", "n6", ""), ("n6", "n7", "Yes"),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many decisions are there?", "There is 1 decision."),  # two ways with other labels are none
        ("Who writes the menu?", "“Cook Writes Menu”."),
        ("What is the budget set to at the beginning?", "“Set the budget to 90”."),
        ("Is there a loop?", "No: no way leads back to a step before it."),
        ("Are there any decisions?", "Yes: there is 1 decision."),
        ("Are there any lanes?", "No: none of the 7 shapes is one."),
        ("How many ways on does the decision have?", "“Send invitations?” has 1 way on: Yes: End."),
        (
            "How many steps are there between the budget and the draft?",
            "There is 1 step between: Set the budget to 90 → Cook Writes Menu → Draft.",
        ),
    ],
)
def test_a_chart_without_lanes_says_who_and_what_in_its_shapes(menu: Flowchart, question: str, wanted: str) -> None:
    answered = menu.ask(question)
    assert answered.answer == wanted
    assert answered.evidence


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("Who sends invitations?", "“Send invitations?” is in no lane, and says not who does it."),
        ("What happens if I do not send invitations?", "“Send invitations?” has one way on, for “Yes”."),
    ],
)
def test_what_a_chart_does_not_say_has_a_reason(menu: Flowchart, question: str, reason: str) -> None:
    answered = menu.ask(question)
    assert (answered.answer, answered.reason) == (None, reason)


@pytest.mark.parametrize(
    "question",
    [
        "what is the capital of France?",
        "what comes after the moon landing?",
        "what follows the third decision?",
        "what follows the sixth decision?",
        "",
        "?",
    ],
)
def test_what_it_cannot_tell_has_no_answer(order: Flowchart, question: str) -> None:
    assert order.ask(question).answer is None


@pytest.fixture
def clinic() -> Flowchart:
    """A chart of decisions in a row, with what is needed at its beginning."""
    return chart(
        {
            "n1": ("stadium", "Start", None),
            "n2": ("parallelogram", "Gather tools: saw, glue, clamps", None),
            "n3": ("diamond", "Is the leg from oak?", None),
            "n4": ("diamond", "Is the leg from pine?", None),
            "n5": ("rectangle", "Look for oak marks: rings", None),
            "n6": ("rectangle", "Proceed to bending test", None),
            "n7": ("rectangle", "Snap off old foot", None),
            "n8": ("diamond", "Score > 8?", None),
            "n9": ("rectangle", "Assign joiner", None),
            "n10": ("rectangle", "Discard it", None),
            "n11": ("stadium", "End", None),
        },
        [
            ("n1", "n2", ""), ("n2", "n3", ""), ("n3", "n5", "Yes"), ("n3", "n4", "No"), ("n4", "n6", "Yes"),
            ("n4", "n10", "No"), ("n5", "n6", ""), ("n6", "n7", ""), ("n7", "n8", ""), ("n8", "n9", "Yes"),
            ("n8", "n10", "No"), ("n9", "n11", ""), ("n10", "n11", ""),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (
            "My leg is from oak, which marks should I look for?",
            "After “Is the leg from oak?” comes Yes: Look for oak marks: rings.",
        ),
        ("The leg isn't from pine. What do I do?", "After “Is the leg from pine?” comes No: Discard it."),
        (
            "My leg is from oak. Which test comes next?",
            "comes Yes: Look for oak marks: rings → Proceed to bending test.",
        ),
        ("What does it mean if my leg is from pine?", "comes Yes: Proceed to bending test."),
        ("Once I've snapped off the old foot, what comes next?", "After “Snap off old foot” comes Score > 8?."),
        ("After the bending test, what are the next two steps?", "comes Snap off old foot → Score > 8?."),
        (
            "Is the joiner assigned if the leg is not from pine?",
            "No: no way on from Is the leg from pine? → No: Discard it passes “Assign joiner”.",
        ),
        (
            "Do I snap off the old foot if the leg is from oak?",
            "Yes: Is the leg from oak? → Look for oak marks: rings → ",
        ),
        (
            "What happens when the answer is no?",
            "“Is the leg from oak?”: No: Is the leg from pine?; “Score > 8?”: No: ",
        ),
        (
            "What score do you need so that a joiner gets assigned?",
            "“Assign joiner” happens after “Score > 8?” if Yes.",
        ),
        ("What do I need to have ready before I start?", "“Gather tools: saw, glue, clamps”."),
        ("If everything goes well, which step is the last one before the end?", "“End” happens after “Assign joiner”."),
    ],
)
def test_a_situation_in_the_askers_words_is_followed(clinic: Flowchart, question: str, wanted: str) -> None:
    answered = clinic.ask(question)
    assert wanted in str(answered.answer)
    assert answered.evidence


@pytest.mark.parametrize(
    "question",
    [
        "My leg is from beech, which marks should I look for?",
        "My leg is from oak, how long should I wait?",
        "Which paint do I buy if my leg is from oak?",
        "What happens if the leg from oak is broken?",
        "What time do I need to be ready before I start?",
        "What do I need before I snap off the old foot?",
        "If the leg is from oak, what comes after looking for oak marks?",  # it is not that which is told
        "The leg is from beech and wet. What is done next?",  # a leg is of the chart, and beech is not
        "What do I need for the bending test?",
        "Is the joiner not assigned if the leg is from pine?",
        "Is the joiner assigned if the leg is from oak?",  # that depends on its score
        "Are the tools gathered if the leg is from pine?",  # they are by then
        "Who pays if the leg is from oak?",
        "Which parties take part in this?",
        "What happens when the answer is perhaps?",
        "What happens if the score is 5?",
        "What comes after a score of 5?",
    ],
)
def test_a_situation_that_a_chart_does_not_know_is_not_followed(clinic: Flowchart, question: str) -> None:
    assert clinic.ask(question).answer is None


@pytest.fixture
def nails() -> Flowchart:
    """A chart that parts without a question, and a procedure with what goes into it and comes out of it."""
    return chart(
        {
            "n1": ("parallelogram", "Read the table and the price as inputs", None),
            "n2": ("rectangle", "Learn about ways of nail removal", None),
            "n3": ("rectangle", "Start Pliers Removal", None),
            "n4": ("rectangle", "Begin Professional Sawing", None),
            "n5": ("diamond", "Nail bent?", None),
            "n6": ("diamond", "Several cuts required?", None),
            "n7": ("rectangle", "Straighten it", None),
            "n8": ("rectangle", "Check saw blade and bench", None),
            "n9": ("rectangle", "Append the nail to the list", None),
            "n10": ("parallelogram", "Return the list", None),
            "n11": ("stadium", "End", None),
        },
        [
            ("n1", "n2", ""), ("n2", "n3", ""), ("n2", "n4", ""), ("n3", "n5", ""), ("n5", "n7", "Yes"),
            ("n5", "n9", "No"), ("n7", "n9", ""), ("n4", "n6", ""), ("n6", "n8", "Yes"), ("n6", "n9", "No"),
            ("n8", "n9", ""), ("n9", "n10", ""), ("n10", "n11", ""),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Which ways of removing nails does this cover?", "Start Pliers Removal and Begin Professional Sawing."),
        ("How does sawing work according to this?", "Begin Professional Sawing → Several cuts required?."),
        ("If I go for sawing, what should I check about the blade?", "“Check saw blade and bench”."),
        ("With pliers, what do I do if the nail is bent?", "After “Nail bent?” comes Yes: Straighten it."),
        ("The nail won't come off, it's bent. What do I do?", "After “Nail bent?” comes Yes: Straighten it."),
        ("I see the nail isn't bent, what now?", "After “Nail bent?” comes No: Append the nail to the list."),
        ("Can I go on while the nail is bent?", "After “Nail bent?” comes Yes: Straighten it."),
        (
            "If I don't need multiple cuts, what is next?",
            "After “Several cuts required?” comes No: Append the nail to the",
        ),
        ("What does this need as input?", "“Read the table and the price as inputs”."),
        ("And what do I get back at the end?", "“Return the list”."),
        ("When does a nail get added to the list?", "“Append the nail to the list” happens after “Nail bent?” if No, "),
    ],
)
def test_options_and_what_goes_in_and_out_are_told(nails: Flowchart, question: str, wanted: str) -> None:
    answered = nails.ask(question)
    assert str(answered.answer).startswith(wanted)
    assert answered.evidence


@pytest.mark.parametrize(
    "question",
    [
        "Which ways of removing screws does this cover?",
        "Which ways lead to the end?",
        "How does drilling work?",
        "How does the nail work?",  # of which steps speak that do not follow each other
        "Which options are there to check the saw?",
        "Which kinds of pliers are there?",
        "How does removal work?",  # that is not an option alone
        "When is an old nail straightened?",
        "If I go for drilling, what should I check about the blade?",
        "With pliers, what should I check about the blade?",  # that is of the saw
        "If I do not go for sawing, what should I check about the blade?",
        "With pliers, how long does it take?",
        "The hammer won't come off, it's bent. What do I do?",
        "It was bent, but I could straighten it. What do I do?",
        "Can I go on while it is raining?",
        "What does the bench need as input?",
        "What do I get back for the old nail?",
        "When does a screw get added to the list?",
    ],
)
def test_options_that_a_chart_does_not_have_are_not_told(nails: Flowchart, question: str) -> None:
    assert nails.ask(question).answer is None


def test_one_of_two_things_is_neither_yes_nor_no() -> None:
    wood = chart(
        {
            "n1": ("diamond", "Oak or pine leg?", None),
            "n2": ("rectangle", "Saw it", None),
            "n3": ("rectangle", "Leave it", None),
        },
        [("n1", "n2", "Yes"), ("n1", "n3", "No")],
    )
    assert wood.ask("What happens if it is a pine leg?").answer is None
    assert "Yes: Saw it" in str(wood.ask("What happens after the first decision?").answer)


def test_who_takes_part_is_told_by_lanes_and_nobody_does_more_than_a_chart_says(order: Flowchart) -> None:
    assert order.ask("Which parties take part in this process?").answer == "Shop and Warehouse."
    assert order.ask("Who is involved in it?").value == ["Shop", "Warehouse"]
    assert order.ask("Who pays for the parts that are ordered?").answer is None
    assert (
        order.ask("Does the warehouse pack the goods if it is not in stock?").answer is None
    )  # parts are ordered first


def test_walking_takes_the_chosen_ways(order: Flowchart) -> None:
    walk = order.walk()
    assert (walk.text, walk.done) == ("Shop: Start", False)
    walk.take()
    walk.take()
    assert [choice.name for choice in walk.choices] == ["No", "Yes"]
    walk.take(1)
    walk.take()
    assert walk.done
    assert walk.history == ["n1", "n2", "n3", "n4", "n6"]
    with pytest.raises(ConfigError, match="0 ways on"):
        walk.take()
    with pytest.raises(ConfigError, match="no steps"):
        Flowchart().walk()
    with pytest.raises(ConfigError, match="'n99'"):
        order.walk("n99")


def test_an_empty_chart_writes_nothing() -> None:
    empty = Flowchart()
    assert (empty.to_steps(), empty.findings, empty.paths()) == ("", (), [])
    assert empty.to_mermaid() == "flowchart TD\n"
    assert run_module(empty)["TEXTS"] == {}
    assert empty.ask("how many steps?").value == 0


def test_the_graph_alone_is_written(order: Flowchart) -> None:
    graph = FlowchartData(nodes=order.nodes, edges=order.edges, lanes=order.lanes)
    assert mermaid(graph) == order.to_mermaid()
    assert dot(graph) == order.to_dot()


@pytest.fixture
def deliveries() -> Flowchart:
    """What a bakery and its driver do, with two steps of the same words in two lanes, and a step of its own."""
    return chart(
        {
            "n1": ("rectangle", "Bake", "Bakery kitchen"),
            "n2": ("diamond", "Crust passed?", "Bakery kitchen"),
            "n3": ("rectangle", "Deliver", "Van driver"),
            "n4": ("rectangle", "Refund after a complaint", "Bakery kitchen"),
            "n5": ("rectangle", "Delivery stopped", "Van driver"),
            "n6": ("rectangle", "Stop the delivery", "Bakery kitchen"),
            "n7": ("rectangle", "Write the report", "Bakery kitchen"),
            "n8": ("diamond", "Signed?", None),
        },
        [
            ("n1", "n2", ""), ("n2", "n3", "Yes"), ("n2", "n6", "No"), ("n5", "n4", ""), ("n6", "n7", ""),
            ("n7", "n1", ""), ("n3", "n8", ""),
        ],
        ("Bakery kitchen", "Van driver"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Who looks after refunds, the driver or the kitchen?", "Bakery kitchen"),
        ("who takes care of baking here?", "Bakery kitchen"),
        ("the driver has a delivery stopped, where does it go from there?", ["Refund after a complaint"]),
        (
            "If the crust fails, what's done and which step does it go back to?",
            ["Stop the delivery", "Write the report"],
        ),
        ("Is the report written before or after the delivery is stopped by the kitchen?", None),
        ("What do I write?", "Write the report"),
        ("Which steps lead straight to the refund?", ["Delivery stopped"]),
        ("How many yes/no checks are there?", 2),
    ],
)
def test_steps_are_known_by_other_forms_of_their_words(deliveries: Flowchart, question: str, wanted: object) -> None:
    assert deliveries.ask(question).value == wanted


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("What happens right after the goods are delivered?", "After “Deliver” comes Signed?."),
        ("What happens right after the cakes are delivered?", None),
        ("What happens after the parcel was inspected?", None),
        ("Who looks after refunds, the driver or the baker's wife?", None),
        ("Who looks after refunds, the driver or the bank?", None),
        ("the bank has a delivery stopped, where does it go from there?", None),
        ("What happens if it is not signed?", None),
        ("What do I do with what is signed?", None),
    ],
)
def test_words_for_goods_need_not_be_written_and_others_must(
    deliveries: Flowchart, question: str, wanted: str | None
) -> None:
    assert deliveries.ask(question).answer in (
        {wanted} if wanted is None else {wanted, "After “Deliver” comes Signed?."}
    )


def test_that_no_way_leads_somewhere_is_in_doubt(deliveries: Flowchart) -> None:
    answer = deliveries.ask("Is there any way to get from baking to the refund?")
    assert (answer.value, answer.doubt) == (False, "an arrow may not have been read")
    assert deliveries.ask("Does the report come before or after baking?").answer is None  # a loop passes them both


def test_what_a_thing_is_at_first_is_not_where_the_chart_starts(order: Flowchart) -> None:
    assert order.ask("Where does it start?").answer == "It starts at Start."
    assert order.ask("What does the stock start out as?").answer is None


def test_where_one_gets_directly_and_no_shape_that_only_repeats_the_question(deliveries: Flowchart) -> None:
    start = deliveries.nodes[0].text
    assert str(deliveries.ask(f"Where can I get to directly from {start.lower()}?").answer).startswith("After ")
    assert deliveries.ask(f"What about {start.lower()} and elephants?").answer is None


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("how many arrows end at Check the order?", 2),
        ("How many lines come out of “In stock?”", 2),
        ("how many arrows lead to the moon?", None),
        ("What comes right after packing it?", ["Done"]),
        ("What happens after you pack them?", ["Done"]),
        ("What happens after you weigh them?", None),
        ("Which boxes lie in the warehouse's lane?", ["Pack the goods", "Order parts"]),
        ("Pack the goods: where does it go next?", ["Done"]),
        ("Weigh the goods: where does it go next?", None),
        ("Which of them holds the most steps?", None),
    ],
)
def test_arrows_are_counted_and_what_is_done_names_its_step(order: Flowchart, question: str, wanted: object) -> None:
    assert order.ask(question).value == wanted
