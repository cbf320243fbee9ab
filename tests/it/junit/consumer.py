"""Prints as JSON the suites that junitparser reads in each of the given JUnit files.

It checks nothing: the test compares. The output has the counts in a suite's attributes and the counts by junitparser.
"""

import copy
import json
import sys
from datetime import datetime

from junitparser import JUnitXml
from junitparser.junitparser import SystemOut


def counts(suite):
    return {name: getattr(suite, name) for name in ("tests", "failures", "errors", "skipped")}


def counted(suite):
    suite = copy.deepcopy(suite)
    suite.update_statistics()
    return {**counts(suite), "time": suite.time}


def read_case(case):
    return {
        "name": case.name,
        "classname": case.classname,
        "time": case.time,
        "system_out": case.system_out,
        "results": [
            {"element": result._tag, "type": result.type, "message": result.message, "text": result.text}
            for result in case.result
        ],
    }


def read_suite(suite):
    return {
        "name": suite.name,
        "hostname": suite.hostname,
        "started": datetime.fromisoformat(suite.timestamp).timestamp(),
        "said": {**counts(suite), "time": suite.time},
        "counted": counted(suite),
        "system_out": suite.child(SystemOut).text,
        "cases": [read_case(case) for case in suite],
    }


json.dump([[read_suite(suite) for suite in JUnitXml.fromfile(path)] for path in sys.argv[1:]], sys.stdout)
