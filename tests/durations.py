"""Prints at the end of a test run how long the tests of each folder took together, and those that need PostgreSQL."""

from collections import defaultdict

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each folder, the longest first."""
    seconds: defaultdict[str, float] = defaultdict(float)
    on_postgresql = 0.0
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.partition("::")[0].rpartition("/")[0]] += report.duration
                on_postgresql += report.duration if "postgresql" in report.keywords else 0
    if not seconds:
        return
    terminalreporter.section("seconds in each folder")
    for folder, sum_of_folder in sorted(seconds.items(), key=lambda item: -item[1]):
        terminalreporter.line(f"{sum_of_folder:8.1f}  {folder}")
    terminalreporter.line(f"{on_postgresql:8.1f}  of all these: tests that need PostgreSQL")
