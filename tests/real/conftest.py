"""Declare the mark of tests that read the real data sets."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Let `-m real` and `-m "not real"` be said."""
    config.addinivalue_line("markers", "real: reads real data sets from SELLERCENTER_DATA")
