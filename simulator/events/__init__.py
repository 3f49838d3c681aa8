"""Purchases as messages: the visits that lead to them, their times and pace, and their faults."""
