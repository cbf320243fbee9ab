"""Prints the violations of a JSON Schema in a file, one per line. Arguments: SCHEMA FILE. A file may hold several
documents, one after the other.
"""

import json
import sys

from jsonschema import Draft202012Validator


def documents(text):
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        at = len(text) - len(text[at:].lstrip())
        yield document


schema, text = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
validator = Draft202012Validator(json.loads(schema))
validator.check_schema(validator.schema)
for document in documents(text):
    for error in validator.iter_errors(document):
        print(f"{error.json_path}: {error.message}")
