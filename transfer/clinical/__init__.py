"""Clinical tables: read as they are, checked, and linked to the images.

dialect   how a text separates and quotes        columns   which column holds which attribute
encoding  how bytes become text                  values    dates, ages and days as they are written
text_form, workbook_form, json_form              reading   a file of any form as one stream of rows
                                                 phase     the tables of an order into the ledger
                                                 derive    links, ages and days from original dates
"""
