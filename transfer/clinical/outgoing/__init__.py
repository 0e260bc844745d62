"""Clinical tables as they leave: under the names of the images, dates by a policy, in one form.

naming    under which names tables leave           dates     what becomes of dates, and day 0
columns   which columns leave, and how             cells     what becomes of one cell
going     which rows leave, and whose they are     table     tables, rows and subjects, streamed
strangers what is somebody else's                  looking   the last look over what leaves
identities  the key's own word on identities       writing   CSV, the same bytes each time
answered  what persons answered about columns      proof     what was written, read once more
numbers   where a comma is a decimal sign          written_dates  days in running text
edges     months that would give the day away      eye       a text as a reader sees it
"""
