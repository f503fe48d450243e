"""A comparison as one HTML file that needs nothing but a browser."""

from agent.report.page import report_html, write_report

__all__ = ["report_html", "write_report"]
