"""What the dataset-service says: its texts are facts of the service, kept to the letter."""

from __future__ import annotations

from typing import Final

VERSION: Final = "3.23.2"
HELLO: Final = f"Hello from Dataset Service v{VERSION}"

UNAUTHORIZED: Final = "unauthorized user"
INVALID_ACCESS: Final = "invalid access token, {why}"
NOT_FOUND: Final = "not found"
NO_SUCH_PATH: Final = "Not found '{path}'"
WRONG_METHOD: Final = "Method not allowed."
INTERNAL: Final = "Internal Server Error"
UNEXPECTED: Final = "Unexpected error, may be the input is wrong"

NO_CONTENT_TYPE: Final = (
    "invalid or missing 'Content-Type' header, required 'application/json' or 'multipart/form-data'"
)
WRONG_CONTENT_TYPE: Final = (
    "invalid 'Content-Type' header, required 'application/json' or 'multipart/form-data'"
)
BODY_NOT_JSON: Final = "Error decoding the body as JSON: {why}"
BODY_NOT_OBJECT: Final = "The body must be a json object."
REQUIRED: Final = "'{name}' property is required."
REQUIRED_ARRAY: Final = "'{name}' property is required and must be an array."
EMPTY_ARRAY: Final = "'{name}' property is an empty array."
TOO_SHORT: Final = "Length of '{name}' must be {least} characters or more."
TOO_LONG: Final = "Max length of '{name}' is {most} characters."
BAD_CHARACTERS: Final = (
    "Invalid value for '{name}', only alphanumeric characters and '-' are allowed."
)
NOT_STRING: Final = "'{name}' must be a string."
NOT_STRINGS: Final = "'{name}' must be an array of strings."
NOT_OBJECT: Final = "'{name}' must be an object."
NOT_BOOLEAN: Final = "The value must be boolean."
UNKNOWN_ITEM: Final = "Unknown item value '{item}' in '{name}', it should be one of {{{known}}}"
UNKNOWN_VALUE: Final = "Unknown value '{value}' in '{name}', it should be one of {{{known}}}"

FORM_LACKS: Final = "Missing '{name}' field in the request form."
FORM_LACKS_FILE: Final = "Missing '{name}' field as file in the request form."
INDEX_EXTENSION: Final = "Wrong extension for the index file, only JSON is supported."
INDEX_NOT_JSON: Final = "Error decoding the index file as JSON: {why}"
CLINICAL_EXTENSION: Final = (
    "Wrong extension for the clinical data file, only CSV and JSON are supported."
)
CLINICAL_NOT_JSON: Final = "Error decoding the clinical data file as JSON: {why}"

NO_PROJECT: Final = (
    "The project ({code}) selected for the dataset (dataset.project) does not exist for the user"
)
NO_SUBPROJECT: Final = (
    "The subproject ({code}) selected for the dataset (dataset.project) does not exist for the user"
)
NO_PREVIOUS: Final = "The dataset selected as previous ({id}) does not exist"
RESERVED: Final = "The project code '{code}' is reserved for external datasets."
SUBJECT_TWICE: Final = "The subjectName '{name}' is duplicated in 'subjects' array of the dataset."
SUBJECT_NOT_LISTED: Final = (
    "The study with id '{id}' has a 'subjectName' which is not in the 'subjects' array of the "
    "dataset."
)
NO_PATH: Final = "Missing field 'pathInDatalake' or 'path' in the study with id '{id}'."
PATH_WITHOUT_PREVIOUS: Final = (
    "One of the studies contains the 'path' field instead of 'pathInDatalake', but the previous "
    "dataset is not provided. Please specify the previous dataset, or use 'pathInDatake' "
    "converting path to be relative to datalake root directory."
)
STUDY_TWICE: Final = (
    "The study with id '{id}' seems duplicated, it has the same directory name '{folder}' as "
    "another study of the same subject '{subject}', this will cause a conflict when creating the "
    "dataset's directories structure."
)
CLUSTER_REFUSES: Final = (
    "Error launching dataset creation job: Exception when calling k8s API, check the logs out to "
    "see more details."
)

NOT_EDITABLE: Final = "the property is not in the editablePropertiesByTheUser list"
# Not recorded: the OpenAPI file says no more than that a second one cannot be released.
HAS_NEXT: Final = "the previous dataset has a next version already"
NO_SUCH_ID: Final = "invalid value, the dataset id does not exist"
NO_ZENODO: Final = "Empty Zenodo access token, check the project configuration."
INTEGRITY_OK: Final = "Integrity OK."

LAUNCHING: Final = "Launching dataset creation job..."
CHECKING_PATHS: Final = "Checking studies paths..."
CHECKING_SERIES: Final = "Checking for missing series in datalake..."
CREATING_STUDIES: Final = "Creating studies in DB..."
SCANNING: Final = "Scanning dataset for collecting metadata..."
LINKING: Final = "Creating symbolic links..."
WRITING_INDEX: Final = "Writing INDEX file: index.json"
HASHING: Final = "Calculating the hashes of the dataset..."
# The closing bracket without an opening one is the service's own.
HASHING_STUDY: Final = "Calculating SHA of study {number} of {total}) ..."
TRACING: Final = "Notifying the creation to the Tracer..."
SAVING: Final = "Saving hashes in database..."
DONE: Final = "Dataset creation finished."
CREATED: Final = "Successfully created"
WRONG_PATH: Final = "Wrong path: {path}"
JOB_FAILED: Final = "Unexpected error"
