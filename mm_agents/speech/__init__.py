"""Speech: recognises what is said in recordings and clips, as sentences with their seconds.

The plugin "speech" hears with Whisper base, whose files come with two packages; "speech:small" and the like name
another Whisper model, which is downloaded from the Hugging Face hub at first use.
"""
