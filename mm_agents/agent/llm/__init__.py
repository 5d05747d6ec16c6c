"""Answers by a chat model that calls tools."""
