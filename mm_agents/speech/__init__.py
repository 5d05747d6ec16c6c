"""Speech: recognises what is said in recordings and clips, as sentences with their seconds.

The plugin "speech" hears with Whisper base, whose files come with two packages; "speech:small" and the like name
another Whisper model, which is downloaded from the Hugging Face hub at first use.
"""

from __future__ import annotations

from functools import cache

from mm_agents.speech.whisper import Whisper


@cache
def build(argument: str = "") -> Whisper:
    """A recogniser; the same one for the same model, so that it is loaded once in a process.

    Args:
        argument: a Whisper model's size or hub name, such as "small", or a folder that holds one; "" for the packaged
            one.
    """
    return Whisper(argument or None)
