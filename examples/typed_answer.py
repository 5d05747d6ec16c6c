"""A scan becomes an instance of your own pydantic model; each field cites its place, and the talk is kept for later.

python examples/typed_answer.py
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field

from mm_agents import Agent, Library, demo
from mm_agents.agent.verify import verify


class Line(BaseModel):
    """What was bought."""

    description: str
    qty: Decimal = Field(alias="quantity")
    amount: Decimal


class Bill(BaseModel):
    """What is read of an invoice; a chat model sees these descriptions too."""

    invoice_number: str
    total: Decimal
    due_date: date | None
    lines: list[Line]


def main() -> None:
    with TemporaryDirectory() as folder, Library.open("memory:") as library:
        demo.make_media(Path(folder))  # put your own scan here
        agent = Agent(library, model="offline")
        talk = agent.chat()

        answer = talk.ask("Read this invoice.", [Path(folder, demo.SCAN)], response_format=Bill)
        bill = answer.parsed
        print(bill.invoice_number, bill.total, bill.due_date, bill.lines[0].description)
        # > HP-2041 108.00 2026-06-02 Brass hinge
        claim = answer.fields["lines.0.amount"]
        print(claim.status, claim.text, answer.sources[claim.sources[0] - 1].evidence.box)
        # > verified The amount of “Brass hinge” is 18.00. Box(x0=760, y0=386, x1=809, y1=400)
        print(answer.outcome, answer.unanswered, verify(answer).ok)
        # > answered () True

        talk.save(Path(folder, "talk.json"))
        later = agent.resume(Path(folder, "talk.json"), attachments=folder)
        print(later.ask("and its date?").text)
        # > It is dated 2026-05-03. [1]
        # > This is about scan.png, which was attached before.


if __name__ == "__main__":
    main()
