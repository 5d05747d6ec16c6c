"""Safeguards: prompt-injection screening, tool policy, image redaction, and allowed hosts."""
