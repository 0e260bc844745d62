"""De-identification of one instance at a time.

header/      the file's header as a tree of raw elements, and the stream that is made of one
text/        values as text: character sets, names of elements, what CTP reads and writes
script/      the script language of the CTP DICOM anonymizer
profiles/    `eucaim` and `lethe`, as tables that a person can read
pixels/      regions to be blanked, by CTP's pixel scripts
look/        the last look: the patient's own identifiers in what would leave
keys/        the cohort's key, and what is sealed with it
standalone/  `deid IN OUT`, clinical tables in step

`rewrite` takes one file the whole way; `methods` builds what it works by.
"""
