"""What an answer may cost: calls, tokens and seconds; a model that goes round in circles is stopped by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mm_agents.agent.answer_data import Cost, ModelCall, Purpose
from mm_agents.chat import Usage
from mm_agents.errors import ConfigError

if TYPE_CHECKING:
    from mm_agents.chat import ChatModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one answer may cost at most.

    Attributes:
        calls: of tools and of the model together, at least 4: a plan, a turn, a call, and the answer.
        tokens: of the model, in and out; what a reply costs is known when it is there, so the last may go past it.
        seconds: from the question to the answer.
    """

    calls: int = 12
    tokens: int = 200_000
    seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.calls < 4 or self.tokens < 1 or not self.seconds > 0:
            raise ConfigError(
                f"A budget has at least 4 calls, 1 token and more than 0 seconds; got {self.calls}, {self.tokens} and "
                f"{self.seconds}."
            )


class BudgetTracker:
    """What was spent of a budget since now.

    Args:
        budget: the limits.
        chat: whose tokens are counted, those that its tools use included.
        on_call: is given each request to the model when it is over.
    """

    def __init__(
        self, budget: Budget, chat: ChatModel | None = None, on_call: Callable[[ModelCall], None] | None = None
    ) -> None:
        self._budget, self._chat, self._on_call = budget, chat, on_call
        self.model_calls: list[ModelCall] = []
        self._tokens_before = chat.usage.tokens if chat else 0
        self._started = time.monotonic()
        self.calls: int = 0

    @property
    def tokens(self) -> int:
        """Spent so far."""
        return self._chat.usage.tokens - self._tokens_before if self._chat else 0

    @property
    def usage(self) -> Usage:
        """The tokens of the model, also those of other questions that it answers meanwhile."""
        return self._chat.usage if self._chat else Usage()

    @contextmanager
    def asking(self, purpose: Purpose) -> Generator[Callable[[Usage], None]]:
        """Count a request to the model that is made inside, and note what it costs, also where it fails.

        It gives a function that takes the reply's tokens. Of a request that fails they are what the model has counted
        meanwhile, for other questions too.
        """
        self.calls += 1
        before, started = self.usage, time.monotonic()
        error: str | None = None
        told: list[Usage] = []
        try:
            yield told.append
        except Exception as raised:
            error = str(raised)
            raise
        finally:
            after = self.usage
            counted = Usage(
                input_tokens=after.input_tokens - before.input_tokens,
                output_tokens=after.output_tokens - before.output_tokens,
            )
            usage = told[-1] if told else counted
            call = ModelCall(
                model=self._chat.name if self._chat else "",
                purpose=purpose,
                seconds=round(time.monotonic() - started, 3),
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                error=error,
            )
            self.model_calls.append(call)
            if self._on_call is not None:
                self._on_call(call)

    @property
    def seconds_left(self) -> float:
        """Until the time is over; 0 when it is."""
        return max(self._budget.seconds - (time.monotonic() - self._started), 0.0)

    @property
    def calls_left(self) -> int:
        """How many calls may still be made."""
        return max(self._budget.calls - self.calls, 0)

    @property
    def exhausted(self) -> str | None:
        """What was used up, in words; None while there is something left of everything."""
        if self.calls_left == 0:
            return f"{self._budget.calls} calls"
        if self.tokens >= self._budget.tokens:
            return f"{self._budget.tokens:,} tokens"
        return f"{self._budget.seconds:g} seconds" if self.seconds_left == 0 else None

    @property
    def cost(self) -> Cost:
        """What was spent so far."""
        seconds = time.monotonic() - self._started
        return Cost(calls=self.calls, tokens=self.tokens, seconds=round(seconds, 3))
