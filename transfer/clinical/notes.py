"""What reading a table can have to say, as codes that stay and sentences for people."""

from __future__ import annotations

from typing import Final

CONVERTED: Final = {
    "semicolon": "semicolons separate its values",
    "tab": "tabs separate its values",
    "bar": "bars separate its values",
    "single-quotes": "single quotes enclose its values",
    "separator-line": "its first line names the separator",
    "byte-order-mark": "it begins with a byte-order mark",
    "utf-16": "it is encoded in UTF-16",
    "latin-1": "it is encoded in Latin-1 or Windows-1252",
    "decimal-comma": "its decimal sign is a comma",
    "blank-rows": "it has blank rows",
    "eforms": "it is a list of eForms, of which each became a row",
    "eform-more": "what its eForms hold beside their values was left out",
}
"""Recognised and read; an EUCAIM table is written otherwise (TAB-02)."""

WORKBOOK: Final = {
    "formulas": "formulas were read as the values that they had when it was saved",
    "dates": "dates were read as dates",
    "one-of-sheets": "one of several sheets was read, by its name",
    "error-cells": "cells with an error, such as #N/A, were read as empty",
    "only-table": "of several sheets the only one that begins with PatientID was read",
}
"""How a workbook was read (TAB-09)."""

PROBLEMS: Final = {
    "missing": (
        "The clinical table is not there, or cannot be opened.",
        "Put it back, or give read access to it, then scan again.",
    ),
    "no-table": (
        "The folder named for clinical data holds no CSV, XLSX or JSON table.",
        "Put the table there, then scan again.",
    ),
    "not-a-table": (
        "The file named for clinical data is neither CSV, XLSX nor JSON.",
        "Save it as one of these. An old .xls file is saved again as .xlsx.",
    ),
    "empty": ("The clinical table is empty.", "Fill it, then scan again."),
    "unreadable-text": (
        "The clinical table cannot be read: a quoted value in it does not end.",
        "Look for a quotation mark without its partner, and save the table again.",
    ),
    "row-too-long": (
        "The clinical table has a row of more than a million characters.",
        "Take out what is no clinical value, and save the table again.",
    ),
    "too-many-columns": (
        "The clinical table has more than 4,096 columns.",
        "Save only the columns that belong to the patients.",
    ),
    "too-many-rows": (
        "The clinical table has more rows than any cohort.",
        "Save only the rows that are filled.",
    ),
    "unreadable-workbook": (
        "The workbook cannot be read: it is damaged, or locked with a password.",
        "Open it in a spreadsheet program and save it as a new .xlsx file.",
    ),
    "workbook-bomb": (
        "The workbook unpacks to far more than any table and was not read.",
        "Copy its values into a new workbook and save that.",
    ),
    "workbook-too-large": (
        "The workbook holds more text than can be read of a workbook.",
        "Save the sheet as CSV, which is read row by row.",
    ),
    "which-sheet": (
        "The workbook has several sheets, and which one is the clinical table cannot be told.",
        "Name it when the transfer is made, --clinical FILE#SHEET, or save that sheet alone.",
    ),
    "no-such-sheet": (
        "The workbook has no sheet of the name that was given.",
        "Look at the name of the sheet, its blanks too.",
    ),
    "formula-without-value": (
        "The workbook has formulas whose values were never computed.",
        "Open it in a spreadsheet program, let it compute, and save it.",
    ),
    "unreadable-json": (
        "The JSON file cannot be read as a table.",
        "Give a list of records, or an object with one list a column.",
    ),
    "repeated-key": (
        "The JSON file has a record with the same key twice.",
        "Take one of them out: which one counts cannot be told.",
    ),
    "nested-eform": (
        "An eForm holds a list or an object where a single value belongs.",
        "Save each of its parts as a field of its own, or give the data as a table.",
    ),
    "eform-without-subject": (
        "An eForm stands there without its subject, so it belongs to nobody.",
        "Give a list in which each eForm has its subjectName beside it.",
    ),
    "repeated-field": (
        "An eForm has the same field of the same page twice.",
        "Take one of them out, or give its pages different names.",
    ),
    "json-too-large": (
        "The JSON file by columns is too large to be read at once.",
        "Save it as a list of records, or as CSV.",
    ),
}
"""Why a table was not read: what it means, and what to do."""
