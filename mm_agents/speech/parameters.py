"""The numbers that decide what counts as speech, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechParameters:
    """Set on synthetic speech in eleven languages, clean, over music and over noise, and on sound without speech.

    Attributes:
        beam: how many hypotheses the decoder follows. Five take 1.3 times as long as one and get 1 word in 100 more
            right.
        voice: the probability of a voice (Silero's) from which a stretch is listened to; half lets tones pass.
        no_speech: Whisper's probability that nothing is said from which a doubtful passage is dropped.
        doubtful: the mean logarithm of its words' probabilities below which a passage is doubtful.
        senseless: the same below which it is dropped in any case: noise that became words.
        repeated: how well a passage's words compress from which on it is a loop of the decoder, as zlib measures.
        looped: this many pieces of words in a row are not taken twice within half a minute: the decoder's loops are
            longer, and people's refrains shorter.
        pause: seconds of silence that end a sentence, whatever its punctuation; within a sentence they are shorter.
        longest: seconds from which on a sentence also ends at a comma, so that a second is found and not a minute.
        shortest_letters: of a sentence; less is a breath.
        margin: seconds around a moment that are heard again when it is checked: words at the edges need them.
        alike: the share of a quote's words that are heard again when it is checked; a second hearing begins elsewhere
            and may take a word otherwise.
    """

    beam: int = 5
    voice: float = 0.5
    no_speech: float = 0.6
    doubtful: float = -0.8
    senseless: float = -1.2
    repeated: float = 2.6
    looped: int = 8
    pause: float = 0.7
    longest: float = 12.0
    shortest_letters: int = 2
    margin: float = 1.5
    alike: float = 0.75


PARAMETERS = SpeechParameters()
