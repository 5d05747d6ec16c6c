"""The languages of questions: which one a text is in, what a question asks in English, and an answer's own sentences.

``detection.toml`` has what tells languages apart. A file for each language, such as ``de.toml``, has the forms of its
questions with their English ones, and the sentences that code writes into answers.
"""

from mm_agents.languages.detection import ENGLISH, UNKNOWN, detected
from mm_agents.languages.questions import in_english
from mm_agents.languages.sentences import in_english_again, said_in

__all__ = ["ENGLISH", "UNKNOWN", "detected", "in_english", "in_english_again", "said_in"]
