"""Clinical tables: read as they are, checked, and linked to the images.

dialect   how a text separates and quotes        columns   which column holds which attribute
encoding  how bytes become text                  values    dates, ages and days as they are written
text_form, workbook_form, json_form              reading   a file of any form as one stream of rows
                                                 phase     the tables of an order into the ledger
                                                 derive    links, ages and days from original dates

mapping   what persons said of columns           proposing  what a column may hold
choosing  how they say it                        applying   carried out on the rows that were read
terms, term_values, units                        board      the columns as a person maps them
mapping_text, mapping_file                       identifying  whether a text is a patient's own
"""
