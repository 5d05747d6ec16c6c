"""A standing attack on the product: ``python -m tests.faults`` from the project's folder, ``--long`` for an hour.

Each kind of fault is a module with a function that makes a number of tries and says what became of them. The same
functions run for seconds in ``test_faults.py``.
"""
